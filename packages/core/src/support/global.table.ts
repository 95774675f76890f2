import type { ModuleSupport } from '../support.ts'
import { deniedGlobals, hostGlobals } from './closed-globals.table.ts'

const sockets = 'net.Socket.prototype.connect'

/** The properties of the global object, those of the language among them. */
export const globalSupport = {
  globalThis: {
    pure: `
      AbortController AbortSignal AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array
      BigUint64Array Blob Boolean Buffer ByteLengthQueuingStrategy CloseEvent CompressionStream CountQueuingStrategy
      Crypto CryptoKey CustomEvent DOMException DataView DecompressionStream DisposableStack Error ErrorEvent EvalError
      Event EventTarget File FinalizationRegistry Float16Array Float32Array Float64Array FormData Function Headers
      Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math MessageChannel MessageEvent MessagePort NaN
      Navigator Number Object PerformanceEntry PerformanceMeasure PerformanceObserverEntryList
      PerformanceResourceTiming Promise Proxy QuotaExceededError RangeError ReadableByteStreamController
      ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController
      ReadableStreamDefaultReader ReferenceError Reflect RegExp Request Response Set SharedArrayBuffer Storage String
      SubtleCrypto SuppressedError Symbol SyntaxError TextDecoder TextDecoderStream TextEncoder TextEncoderStream
      TransformStream TransformStreamDefaultController TypeError URIError URL URLPattern URLSearchParams Uint16Array
      Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly WritableStream
      WritableStreamDefaultController WritableStreamDefaultWriter atob btoa clearImmediate crypto decodeURI
      decodeURIComponent encodeURI encodeURIComponent escape eval global globalThis isFinite isNaN parseFloat parseInt
      queueMicrotask sessionStorage setImmediate structuredClone undefined unescape`,
    virtual: `
      AbortSignal.timeout Date Intl.DateTimeFormat Math.random Performance PerformanceMark PerformanceObserver Temporal
      clearInterval clearTimeout crypto.getRandomValues crypto.randomUUID performance process setInterval setTimeout`,
    rides: [
      ['EventSource WebSocket fetch', sockets],
      ['console', 'process.stdout, process.stderr'],
    ],
    host: hostGlobals,
    denied: deniedGlobals,
    notes: [
      ['Atomics SharedArrayBuffer', 'a counting thread is a clock that nothing closes'],
      ['Event', 'its timeStamp is the host’s monotonic time'],
      ['Intl', 'without a locale it uses the host’s'],
    ],
  },
} satisfies Record<string, ModuleSupport>
