// Realms: where interceptors are installed.
export { openRealm } from './own-realm.native.ts'
export type { InPlaceRealm, InPlaceRealmOptions } from './own-realm.native.ts'
export { installInterceptors } from './install.ts'
export type { InstallOptions } from './install.ts'
