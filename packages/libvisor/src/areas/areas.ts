/** Gives the code of the areas whose models a namespace may need. */
export interface Areas {
  fs(): typeof import('./fs.ts')
  net(): typeof import('./net.ts')
}
