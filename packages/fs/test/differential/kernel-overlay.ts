/** The kernel's overlayfs as the real directory that an overlay is compared with. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import type { RealDirectory } from './compare.ts'

/** How the kernel's overlay renames directories of its lower layer: whole, or not at all. */
export type Redirect = 'off' | 'on'

/** Whether this process may mount, and the kernel knows overlayfs. Says why not. */
export function kernelOverlayMissing(): string | undefined {
  if (process.platform !== 'linux') return 'overlayfs is of Linux'
  if (process.getuid?.() !== 0) return 'only root may mount'
  if (!fs.readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n')) return 'the kernel has no overlayfs'
  const root = fs.mkdtempSync('/tmp/libvisor-overlay-')
  try {
    using mounted = mountOverlay(root, `${root}/merged`, 'on')
    void mounted
    return undefined
  } catch (error) {
    return `mounting fails: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`
  } finally {
    fs.rmSync(root, { recursive: true, force: true })
  }
}

/** Mounts an overlay whose layers are in a directory. With an index, the links of its files are counted. */
export function mountOverlay(root: string, at: string, redirect: Redirect): Disposable {
  for (const name of ['lower', 'upper', 'work']) fs.mkdirSync(`${root}/${name}`, { recursive: true })
  fs.mkdirSync(at, { recursive: true })
  const options = `lowerdir=${root}/lower,upperdir=${root}/upper,workdir=${root}/work,index=on,redirect_dir=${redirect}`
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, at], { stdio: 'pipe' })
  return { [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', at], { stdio: 'pipe' }) }
}

/**
 * Makes the real directory an overlay of the kernel's: what is there from the start is its lower layer.
 *
 * @param redirect - how it renames directories of the lower layer
 */
export function overKernelOverlay(redirect: Redirect): (directory: string, root: string) => RealDirectory {
  return (directory, root) => {
    const layers = `${root}/layers`
    let mounted: Disposable | undefined
    const end = (): void => {
      mounted?.[Symbol.dispose]()
      mounted = undefined
      fs.rmSync(layers, { recursive: true, force: true })
    }
    return {
      async start(fill) {
        await fill()
        fs.mkdirSync(layers)
        fs.renameSync(directory, `${layers}/lower`)
        mounted = mountOverlay(layers, directory, redirect)
      },
      end,
      [Symbol.dispose]: end,
    }
  }
}
