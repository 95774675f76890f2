import type { ModuleSupport } from '../support.ts'

/** What `fs/promises` replaces. */
const promises = `
  access appendFile chmod chown copyFile cp glob lchmod lchown link lstat lutimes mkdir mkdtemp mkdtempDisposable open
  opendir readFile readdir readlink realpath rename rm rmdir stat statfs symlink truncate unlink utimes watch writeFile`

/** The built-ins of files. */
export const fsSupport = {
  fs: {
    area: 'fs',
    pure: 'Dir Dirent F_OK R_OK Stats W_OK X_OK _toUnixTimestamp constants',
    virtual: `
      access accessSync appendFile appendFileSync chmod chmodSync chown chownSync close closeSync copyFile copyFileSync
      cp cpSync createReadStream createWriteStream exists existsSync fchmod fchmodSync fchown fchownSync fdatasync
      fdatasyncSync fstat fstatSync fsync fsyncSync ftruncate ftruncateSync futimes futimesSync glob globSync lchmod
      lchmodSync lchown lchownSync link linkSync lstat lstatSync lutimes lutimesSync mkdir mkdirSync mkdtemp
      mkdtempDisposableSync mkdtempSync open openAsBlob openAsBlobSync openSync opendir opendirSync promises read
      readFile readFileSync readSync readdir readdirSync readlink readlinkSync readv readvSync realpath realpath.native
      realpathSync realpathSync.native rename renameSync rm rmSync rmdir rmdirSync stat statSync statfs statfsSync
      symlink symlinkSync truncate truncateSync unlink unlinkSync unwatchFile utimes utimesSync watch watchFile write
      writeFile writeFileSync writeSync writev writevSync`,
    rides: [['FileReadStream FileWriteStream ReadStream Utf8Stream WriteStream', 'fs.open, fs.read, fs.write']],
    notes: [['Dir', 'a guest gets one from opendir; constructing one takes a handle of Node’s own']],
  },
  'fs/promises': { area: 'fs', pure: 'constants', virtual: promises },
} satisfies Record<string, ModuleSupport>
