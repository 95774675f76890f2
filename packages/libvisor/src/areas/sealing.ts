// What closes built-ins, with the table of what is open: loaded when a program first asks for a built-in.
export { refusalOf, sealExports } from '@libvisor/core'
