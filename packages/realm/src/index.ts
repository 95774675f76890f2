// Realms: where interceptors are installed.
export { openRealm } from './own-realm.native.ts'
export type { InPlaceRealm, InPlaceRealmOptions } from './own-realm.native.ts'
export { installInterceptors } from './install.ts'
export type { InstallOptions } from './install.ts'

// Contexts: the realm of one guest among several in a thread, and its built-ins.
export { createContextRealm } from './context-realm.native.ts'
export type { ContextRealm, ContextRealmOptions, FurnishGlobalsOptions } from './context-realm.native.ts'
export type { RealmKit } from './context-kit.ts'
export { createModuleCopies } from './guest-modules-copies.ts'
export type { ModuleCopies } from './guest-modules-copies.ts'
export { createGuestModules, prepareModules } from './guest-modules.ts'
export type { GuestModules, GuestModulesOptions } from './guest-modules.ts'
