/**
 * The `visor` command.
 */
import { Command, CommanderError, Option } from 'commander'
import { VisorError } from '@libvisor/core'
import { version } from '../version.ts'
import type { RunRequest } from './run.ts'
import type { RunFlags } from './run-options.ts'
import type { VolumeRequest } from './volume.ts'

/** What the command line needs of the process it runs in. */
export interface CliHost {
  readonly argv: readonly string[]
  writeOut(text: string): void
  writeError(text: string): void
}

/** Collects the values of an option that may be given several times. */
const collect = (value: string, values: readonly string[] | undefined): readonly string[] => [...(values ?? []), value]

const examples = `
Examples:
  $ visor run app.js                                        # reads your files, writes to memory
  $ visor run -p 8080:3000 server.js                        # localhost:8080 leads to its port 3000
  $ visor run -v ./data:/data -e NODE_ENV=production server.js --verbose
  $ visor run -v data:/var/lib/app server.js                # a volume outlives the program: visor volume ls
  $ visor run --time 2030-01-01T00:00:00Z --tz Europe/Berlin --seed 7 report.ts
  $ visor run --network none --tmpfs /tmp untrusting.mjs
  $ visor run --network ./dev.net --name api server.js      # others there reach it by its name: visor network ./dev.net
  $ visor run --egress '*.example.com:443' --exec git deploy.js
  $ visor run --isolation context server.js                 # as among others in one thread
  $ visor run --diff --commit out build.js                  # shows what it changed, and keeps it in ./out
`

function createProgram(host: CliHost): Command {
  const program = new Command('visor')
    .description('Runs Node.js programs, each with its own files, network, clock, process and randomness.')
    .version(version, '--version')
    .enablePositionalOptions()
    .exitOverride()
    // What is wrong is thrown as well, and printed by who catches it; help that nobody asked for is an error's, too.
    .configureOutput({ writeOut: host.writeOut, writeErr: host.writeError, outputError: () => {} })

  program
    .command('run')
    .description("Run a program. It reads the host's files; what it writes goes to memory and ends with it.")
    .argument('<file>', 'the program: a JavaScript or TypeScript file')
    .argument('[args...]', 'its arguments')
    .passThroughOptions()
    .addOption(new Option('--name <name>', 'name of the guest').default('guest'))
    .option(
      '-v, --volume <source:guest[:ro]>',
      "mount a directory of the host or a named volume, writable unless ':ro'",
      collect,
    )
    .option('--mount <fields>', 'the same in words: type=volume,source=data,target=/data,readonly', collect)
    .option('--tmpfs <dir[:options]>', 'mount an empty directory in memory: /tmp:size=64m,nr_inodes=1k', collect)
    .option('--read-only', 'let nothing be written but to what is mounted')
    .option('--storage-opt <size=64m>', 'how much may be written over the files of the host', collect)
    .option('--ulimit <nofile=1024>', 'how many files may be open', collect)
    .option('-e, --env <name=value>', 'set a variable, or pass one of the host on', collect)
    .option('--env-file <file>', 'read variables from a file', collect)
    .option('-w, --workdir <dir>', 'working directory in the guest')
    .option('-u, --user <uid[:gid]>', "ids of the guest's process")
    .option('--hostname <name>', 'host name of the guest')
    .option('-p, --publish <[address:]host:guest>', 'let a port of the host lead to a port of the guest', collect)
    .option('-P, --publish-all', 'publish every port the guest listens on, each on a free port of the host')
    .option('--egress <rule>', 'allow only these destinations: host:port, *.suffix, 10.0.0.0/8', collect)
    .addOption(
      new Option(
        '--network <none|path>',
        "'none': nothing outside can be reached; a path: join that network, by --name",
      ),
    )
    .option('--network-alias <name>', 'one more name by which others on the network find it', collect)
    .option('--add-host <name:address>', "add a name to the guest's hosts file", collect)
    .option('--exec <name>', 'let the guest run this executable of the host', collect)
    .option('--time <moment>', 'start the clock elsewhere: 2030-01-01T00:00:00Z, @1893456000, +3d, -90m')
    .option('--tz <zone>', 'time zone, such as Europe/Berlin')
    .option('--seed <seed>', 'make randomness repeat')
    .addOption(
      new Option('--isolation <kind>', 'where the guest runs: this process, a thread of it, a context in a thread')
        .choices(['process', 'thread', 'context'])
        .default(undefined, 'process; thread with --diff, --diff-json or --commit'),
    )
    .option('--diff', 'list what the program changed when it has ended, on stderr: A added, C changed, D deleted')
    .option('--diff-json <file>', "write the same as JSON; '-' is stdout")
    .option('--commit <dir|file.tar>', 'keep the changed files, in the form of an OCI image layer')
    .addHelpText('after', examples)
    .action(
      async (file: string, args: string[], flags: RunFlags & RunRequest['changes'] & Pick<RunRequest, 'isolation'>) => {
        const { run } = await import('./run.ts')
        const { isolation } = flags
        await run({ file, args, flags, changes: flags, ...(isolation !== undefined && { isolation }) })
      },
    )
  program
    .command('network')
    .description('Have a network that programs join with visor run --network <socket>, until it is interrupted.')
    .argument('<socket>', 'where it is: the path of a unix socket, such as ./dev.net')
    .option('--link <from to how>', "what is between two programs, as tc says it: 'web db delay 20ms loss 1%'", collect)
    .action(async (path: string, { link }: { link?: string[] }) => {
      const { runNetworkCommand } = await import('./network.ts')
      await runNetworkCommand({ path, ...(link !== undefined && { links: link }) }, host.writeOut)
    })
  program
    .command('inspect')
    .description(
      'Show guests that run, and the sockets they have open, as ss does. One in a process of its own is shown once it has used its network.',
    )
    .argument('[names...]', 'of guests; all that run, without')
    .option('--json', 'write it as JSON')
    .action(async (names: string[], flags: { json?: boolean }) => {
      const { runInspectCommand } = await import('./inspect.ts')
      await runInspectCommand({ names, ...flags }, host.writeOut)
    })
  addVolumeCommands(program, host)
  return program
}

function addVolumeCommands(program: Command, host: CliHost): void {
  const run = async (request: VolumeRequest): Promise<void> => {
    const { runVolumeCommand } = await import('./volume.ts')
    await runVolumeCommand(request, host.writeOut)
  }
  const volume = program
    .command('volume')
    .description('Volumes: named directories that outlive the programs that have them mounted.')
  volume
    .command('create')
    .description('Make a volume. A program that mounts one makes it by itself.')
    .argument('<name>')
    .option('-o, --opt <size=64m>', 'what it may hold: size=64m, nr_inodes=1k', collect)
    .action((name: string, { opt }: { opt?: string[] }) => run({ command: 'create', name, ...(opt && { opt }) }))
  volume
    .command('ls')
    .description('List volumes.')
    .option('-q, --quiet', 'only their names')
    .action((flags: { quiet?: boolean }) => run({ command: 'ls', ...flags }))
  volume
    .command('inspect')
    .description('Show volumes as JSON.')
    .argument('<names...>')
    .action((names: string[]) => run({ command: 'inspect', names }))
  volume
    .command('rm')
    .description('Remove volumes, with all that is in them.')
    .argument('<names...>')
    .action((names: string[]) => run({ command: 'rm', names }))
}

/**
 * Runs the command line.
 *
 * @param host - the process it runs in
 * @throws {VisorError} when what the user asked for is wrong
 */
export async function main(host: CliHost): Promise<void> {
  try {
    await createProgram(host).parseAsync([...host.argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version have been printed.
    if (error.exitCode === 0) return
    const isHelp = error.code === 'commander.help'
    const what = isHelp ? 'there is nothing to do' : error.message.replace(/^error: /, '')
    throw new VisorError('VISOR_OPTION_INVALID', what.charAt(0).toUpperCase() + what.slice(1), {
      cause: error,
      hint: isHelp ? 'Run a program: visor run app.js' : 'See visor run --help.',
    })
  }
}
