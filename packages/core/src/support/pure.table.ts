import type { ModuleSupport } from '../support.ts'
import { constantNames, zlibConstantNames } from './constants.table.ts'

const path: ModuleSupport = {
  pure: `
    _makeLong basename delimiter dirname extname format isAbsolute join matchesGlob normalize parse posix sep
    toNamespacedPath win32`,
  rides: [['relative resolve', 'process.cwd']],
}

const assert = `
  Assert AssertionError CallTracker deepEqual deepStrictEqual doesNotMatch doesNotReject doesNotThrow equal fail
  ifError match notDeepEqual notDeepStrictEqual notEqual notStrictEqual ok partialDeepStrictEqual rejects strict
  strictEqual throws`

const typeChecks = `
  isAnyArrayBuffer isArgumentsObject isArrayBuffer isArrayBufferView isAsyncFunction isBigInt64Array isBigIntObject
  isBigUint64Array isBooleanObject isBoxedPrimitive isCryptoKey isDataView isDate isExternal isFloat16Array
  isFloat32Array isFloat64Array isGeneratorFunction isGeneratorObject isInt16Array isInt32Array isInt8Array
  isKeyObject isMap isMapIterator isModuleNamespaceObject isNativeError isNumberObject isPromise isProxy isRegExp
  isSet isSetIterator isSharedArrayBuffer isStringObject isSymbolObject isTypedArray isUint16Array isUint32Array
  isUint8Array isUint8ClampedArray isWeakMap isWeakSet`

const util: ModuleSupport = {
  pure: `
    MIMEParams MIMEType TextDecoder TextEncoder _errnoException _exceptionWithHostPort _extend aborted callbackify
    convertProcessSignalToExitCode deprecate diff format formatWithOptions getCallSite getCallSites
    getSystemErrorMap getSystemErrorMessage getSystemErrorName inherits inspect isArray isBoolean isBuffer isDate
    isDeepStrictEqual isError isFunction isNull isNullOrUndefined isNumber isObject isPrimitive isRegExp isString
    isSymbol isUndefined markPromiseAsHandled parseArgs parseEnv promisify setTraceSigInt stripVTControlCharacters toUSVString
    transferableAbortController transferableAbortSignal types`,
  rides: [
    ['debounce throttle', 'timers.setTimeout'],
    ['debug debuglog log', 'process.stderr, process.env'],
    ['styleText', 'process.stdout, process.env'],
  ],
  notes: [
    ['getCallSites getCallSite', 'frames of libvisor’s own code show among them'],
    ['setTraceSigInt', 'it prints a stack when the host’s process is interrupted'],
  ],
}

/** The built-ins that compute: what they touch outside, they touch through another built-in. */
export const pureSupport = {
  assert: { pure: assert },
  'assert/strict': { pure: assert },
  _stream_duplex: { pure: 'from fromWeb toWeb' },
  _stream_passthrough: { pure: '' },
  _stream_readable: { pure: 'ReadableState _fromList from fromWeb toWeb wrap' },
  _stream_transform: { pure: '' },
  _stream_wrap: { pure: 'StreamWrap' },
  _stream_writable: { pure: 'WritableState fromWeb toWeb' },
  buffer: {
    pure: `
      Blob Buffer File INSPECT_MAX_BYTES SlowBuffer atob btoa constants isAscii isUtf8 kMaxLength kStringMaxLength
      resolveObjectURL transcode`,
  },
  console: {
    pure: 'Console _ignoreErrors _stderrErrorHandler _stdoutErrorHandler clear',
    rides: [
      [
        `_stderr _stdout assert count countReset debug dir dirxml error group groupCollapsed groupEnd info log table
         trace warn`,
        'process.stdout, process.stderr',
      ],
    ],
    host: [
      ['_times time timeEnd timeLog', 'it measures by the host’s clock'],
      ['context createTask profile profileEnd timeStamp', 'it speaks to the host’s debugger'],
    ],
  },
  constants: { pure: constantNames },
  diagnostics_channel: {
    pure: `
      BoundedChannel Channel boundedChannel channel hasSubscribers subscribe tracingChannel unsubscribe`,
    notes: [['channel subscribe', 'channels are of the thread']],
  },
  domain: { pure: 'Domain _stack active create createDomain' },
  events: {
    pure: `
      EventEmitter EventEmitterAsyncResource addAbortListener captureRejectionSymbol captureRejections
      defaultMaxListeners errorMonitor getEventListeners getMaxListeners init kMaxEventTargetListeners
      kMaxEventTargetListenersWarned listenerCount on once setMaxListeners usingDomains`,
    notes: [['defaultMaxListeners captureRejections usingDomains', 'the setting is of the thread']],
  },
  path,
  'path/posix': path,
  'path/win32': path,
  punycode: { pure: 'decode encode toASCII toUnicode ucs2 version' },
  querystring: { pure: 'decode encode escape parse stringify unescape unescapeBuffer' },
  readline: {
    pure: `
      Interface clearLine clearScreenDown createInterface cursorTo emitKeypressEvents moveCursor promises`,
  },
  'readline/promises': { pure: 'Interface Readline createInterface' },
  stream: {
    pure: `
      Duplex PassThrough Readable Stream Transform Writable _isArrayBufferView _isUint8Array _uint8ArrayToBuffer
      addAbortSignal compose destroy duplexPair finished getDefaultHighWaterMark isDestroyed isDisturbed isErrored
      isReadable isWritable pipeline promises setDefaultHighWaterMark`,
    notes: [['setDefaultHighWaterMark', 'the limit is of the thread']],
  },
  'stream/consumers': { pure: 'arrayBuffer blob buffer bytes json text' },
  'stream/iter': {
    pure: `
      Broadcast Share Stream SyncShare array arrayBuffer arrayBufferSync arraySync broadcast broadcastProtocol bytes
      bytesSync drainableProtocol duplex from fromReadable fromSync fromWritable merge ondrain pipeTo pipeToSync pull
      pullSync push share shareProtocol shareSync shareSyncProtocol tap tapSync text textSync toAsyncStreamable
      toReadable toReadableSync toStreamable toWritable`,
  },
  'stream/promises': { pure: 'finished pipeline' },
  'stream/web': {
    pure: `
      ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy DecompressionStream
      ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest
      ReadableStreamDefaultController ReadableStreamDefaultReader ReadableStreamTee TextDecoderStream
      TextEncoderStream TransformStream TransformStreamDefaultController WritableStream
      WritableStreamDefaultController WritableStreamDefaultWriter`,
  },
  string_decoder: { pure: 'StringDecoder' },
  sys: util,
  url: {
    pure: `
      URL URLPattern URLSearchParams Url domainToASCII domainToUnicode fileURLToPath fileURLToPathBuffer format parse
      resolve resolveObject urlToHttpOptions`,
    rides: [['pathToFileURL', 'process.cwd']],
  },
  util,
  'util/types': { pure: typeChecks },
  zlib: {
    pure: `
      ${zlibConstantNames}
      BrotliCompress BrotliDecompress Deflate DeflateRaw Gunzip Gzip Inflate InflateRaw Unzip ZipBuffer ZstdCompress
      ZstdDecompress brotliCompress brotliCompressSync brotliDecompress brotliDecompressSync codes constants crc32
      createBrotliCompress createBrotliDecompress createDeflate createDeflateRaw createGunzip createGzip createInflate
      createInflateRaw createUnzip createZstdCompress createZstdDecompress deflate deflateRaw deflateRawSync
      deflateSync getMaxZipContentSize gunzip gunzipSync gzip gzipSync inflate inflateRaw inflateRawSync inflateSync
      setMaxZipContentSize unzip unzipSync zstdCompress zstdCompressSync zstdDecompress zstdDecompressSync`,
    rides: [['ZipEntry ZipFile createZipArchive createZipArchiveSync zipFiles', 'fs']],
  },
  'zlib/iter': {
    pure: `
      compressBrotli compressBrotliSync compressDeflate compressDeflateSync compressGzip compressGzipSync compressZstd
      compressZstdSync decompressBrotli decompressBrotliSync decompressDeflate decompressDeflateSync decompressGzip
      decompressGzipSync decompressZstd decompressZstdSync`,
  },
} satisfies Record<string, ModuleSupport>
