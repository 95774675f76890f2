import type { ModuleSupport } from '../support.ts'

const executables = 'an executable of the host runs only where the policy names it'
const wholeThread = 'it tells of the whole thread or process, not of the guest alone'
const nativeBinding = 'it gives the native bindings below Node’s API'
const parentChannel = 'the channel to the process that started this one'
const tracing = 'Node writes traces to the host’s files'
const clustering = 'workers of a cluster share native handles'

/** The built-ins of processes, threads and the system. */
export const processSupport = {
  process: {
    area: 'process',
    pure: `
      _events _eventsCount _exiting _fatalException _maxListeners _preload_modules _startProfilerIdleNotifier
      _stopProfilerIdleNotifier _tickCallback config features release version versions addUncaughtExceptionCaptureCallback
      allowedNodeEnvironmentFlags assert
      domain emitWarning finalization hasUncaughtExceptionCaptureCallback nextTick noProcessWarnings permission ref
      setSourceMapsEnabled setUncaughtExceptionCaptureCallback sourceMapsEnabled unref`,
    virtual: `
      _kill abort arch argv argv0 chdir cwd env execArgv execPath exitCode getBuiltinModule getegid geteuid getgid getgroups
      getuid hrtime initgroups loadEnvFile mainModule pid platform ppid reallyExit setegid seteuid setgid setgroups setuid
      stderr stdin stdout title umask uptime`,
    rides: [
      ['exit', 'process.reallyExit'],
      ['kill', 'process._kill'],
      ['openStdin', 'process.stdin'],
    ],
    host: [
      [
        `_getActiveHandles _getActiveRequests availableMemory constrainedMemory cpuUsage getActiveResourcesInfo
         memoryUsage moduleLoadList resourceUsage threadCpuUsage`,
        wholeThread,
      ],
      ['_rawDebug', 'it writes to the host’s standard error natively'],
      ['dlopen', 'an addon is native code of the host’s; the policy says which may be loaded'],
      ['_channel _disconnect _handleQueue _pendingMessage _send channel connected disconnect send', parentChannel],
      ['debugPort', 'the port of the host’s inspector'],
      ['report', 'a report tells of the whole process and its machine'],
      ['_eval', 'the program that was given on the command line'],
    ],
    denied: [
      ['_linkedBinding binding', nativeBinding],
      ['_debugEnd _debugProcess', 'it switches the inspector on and off'],
      ['execve', 'it replaces the whole process by another program'],
      ['report.getReport report.writeReport', 'a report tells of the host; Node writes it to the host’s files'],
      ['permission.drop', 'it changes the permissions of the whole process'],
    ],
    notes: [
      ['emitWarning', 'its text goes to process.stderr'],
      ['exitCode argv0 features', 'Node does not let the property be replaced'],
      ['nextTick', 'ticks are never faked'],
    ],
  },
  os: {
    area: 'process',
    pure: 'EOL constants devNull',
    virtual: 'getPriority homedir hostname networkInterfaces setPriority tmpdir uptime userInfo',
    host: [
      [
        `arch availableParallelism cpus endianness freemem loadavg machine platform release totalmem type
         version`,
        'it tells of the host’s machine',
      ],
    ],
  },
  tty: {
    area: 'process',
    host: [['ReadStream WriteStream isatty', 'its descriptors are the host’s']],
  },
  child_process: {
    area: 'process',
    host: [['ChildProcess exec execFile execFileSync execSync fork spawn spawnSync', executables]],
    denied: [['_forkChild', parentChannel]],
  },
  worker_threads: {
    area: 'process',
    pure: `
      MessageChannel MessagePort SHARE_ENV getEnvironmentData isInternalThread isMainThread isMarkedAsUntransferable
      markAsUncloneable markAsUntransferable moveMessagePortToContext parentPort receiveMessageOnPort resourceLimits
      setEnvironmentData threadId threadName workerData`,
    virtual: 'Worker',
    host: [['BroadcastChannel locks postMessageToThread', 'it reaches every thread of the process']],
  },
  cluster: {
    pure: `
      SCHED_NONE SCHED_RR Worker _events _eventsCount _maxListeners isMaster isPrimary isWorker schedulingPolicy settings
      workers`,
    denied: [['disconnect fork setupMaster setupPrimary', clustering]],
  },
  trace_events: {
    host: [['getEnabledCategories', wholeThread]],
    denied: [['createTracing', tracing]],
  },
} satisfies Record<string, ModuleSupport>
