import type { ModuleSupport, SupportRow } from '../support.ts'

const sockets = 'net.Socket.prototype.connect, net.Server.prototype.listen'
const rawHandles = 'it takes or gives a raw handle of the host’s'

/** What `dns` and `dns/promises` replace. */
const resolvers = `
  Resolver lookup lookupService resolve resolve4 resolve6 resolveAny resolveCaa
  resolveCname resolveMx resolveNaptr resolveNs resolvePtr resolveSoa resolveSrv resolveTlsa resolveTxt reverse`

const nameServers: SupportRow = [
  'getServers setServers',
  'names that the guests’ network does not know are asked of the host’s servers',
]

const dnsErrors = `
  ADDRGETNETWORKPARAMS BADFAMILY BADFLAGS BADHINTS BADNAME BADQUERY BADRESP BADSTR CANCELLED CONNREFUSED DESTRUCTION EOF
  FILE FORMERR LOADIPHLPAPI NODATA NOMEM NONAME NOTFOUND NOTIMP NOTINITIALIZED REFUSED SERVFAIL TIMEOUT`

/** The built-ins of the network. */
export const netSupport = {
  net: {
    area: 'net',
    pure: `
      BlockList SocketAddress _normalizeArgs getDefaultAutoSelectFamily getDefaultAutoSelectFamilyAttemptTimeout isIP
      isIPv4 isIPv6 setDefaultAutoSelectFamily setDefaultAutoSelectFamilyAttemptTimeout`,
    virtual: '_createServerHandle',
    rides: [['Server Socket Stream connect createConnection createServer', sockets]],
    denied: [
      ['BoundSocket _TransferredBoundSocket', rawHandles],
      ['_setSimultaneousAccepts', 'it sets what all servers of the process share, on Windows'],
    ],
  },
  dgram: {
    area: 'net',
    virtual: 'Socket createSocket',
    denied: [['_createSocketHandle', rawHandles]],
    notes: [['Socket createSocket', 'what leaves the guests’ network asks the policy']],
  },
  dns: {
    area: 'net',
    pure: `ADDRCONFIG ALL V4MAPPED getDefaultResultOrder setDefaultResultOrder ${dnsErrors}`,
    virtual: `promises ${resolvers}`,
    host: [nameServers],
  },
  'dns/promises': {
    area: 'net',
    pure: `getDefaultResultOrder setDefaultResultOrder ${dnsErrors}`,
    virtual: resolvers,
    host: [nameServers],
  },
  http: {
    area: 'net',
    pure: `
      CloseEvent IncomingMessage METHODS MessageEvent OutgoingMessage STATUS_CODES ServerResponse maxHeaderSize
      setMaxIdleHTTPParsers validateHeaderName validateHeaderValue`,
    virtual: 'globalAgent',
    rides: [
      ['Agent ClientRequest Server WebSocket _connectionListener createServer get request', sockets],
      ['setGlobalProxyFromEnv', 'http.globalAgent, process.env'],
    ],
    notes: [
      ['globalAgent', 'its pool belongs to the namespace'],
      ['setMaxIdleHTTPParsers', 'the limit is of the thread'],
    ],
  },
  _http_agent: { area: 'net', virtual: 'globalAgent', rides: [['Agent', sockets]] },
  _http_client: { area: 'net', rides: [['ClientRequest', sockets]] },
  _http_common: {
    pure: `
      CRLF HTTPParser _checkInvalidHeaderChar _checkIsHttpToken calculateLenientFlags chunkExpression
      continueExpression freeParser isLenient kIncomingMessage kSkipPendingData methods parsers prepareError`,
  },
  _http_incoming: { pure: 'IncomingMessage kDetachAbortSignal readStart readStop' },
  _http_outgoing: {
    pure: 'OutgoingMessage kHighWaterMark kUniqueHeaders parseUniqueHeadersOption validateHeaderName validateHeaderValue',
  },
  _http_server: {
    area: 'net',
    pure: `
      STATUS_CODES ServerResponse httpServerPreClose kConnectionsCheckingInterval kServerResponse storeHTTPOptions`,
    rides: [['Server _connectionListener setupConnectionsTracking', sockets]],
  },
  https: {
    area: 'net',
    virtual: 'globalAgent',
    rides: [['Agent Server createServer get request', sockets]],
    notes: [['globalAgent', 'its pool and its TLS sessions belong to the namespace']],
  },
  http2: {
    area: 'net',
    pure: `
      Http2ServerRequest Http2ServerResponse constants getDefaultSettings getPackedSettings getUnpackedSettings
      performServerHandshake sensitiveHeaders`,
    rides: [['connect createSecureServer createServer', sockets]],
  },
  tls: {
    area: 'net',
    pure: `
      CLIENT_RENEG_LIMIT CLIENT_RENEG_WINDOW DEFAULT_CIPHERS DEFAULT_ECDH_CURVE DEFAULT_MAX_VERSION DEFAULT_MIN_VERSION
      SecureContext checkServerIdentity convertALPNProtocols createSecureContext createSecurePair
      getCertificateCompressionAlgorithms getCiphers rootCertificates`,
    rides: [['Server TLSSocket connect createServer', sockets]],
    host: [
      ['getCACertificates', 'it reads the certificates that the host trusts'],
      ['setDefaultCACertificates', 'it sets what all guests of the thread trust'],
    ],
  },
  _tls_common: { pure: 'SecureContext createSecureContext translatePeerCertificate' },
  _tls_wrap: { area: 'net', rides: [['Server TLSSocket connect createServer', sockets]] },
} satisfies Record<string, ModuleSupport>
