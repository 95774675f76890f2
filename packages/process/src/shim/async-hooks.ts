import type { AsyncHook, HookCallbacks } from 'node:async_hooks'
import { apply } from '@libvisor/abi'
import { isUnseen, mimic } from '@libvisor/core'
import type { Realm } from '@libvisor/core'

type CreateHook = (callbacks: HookCallbacks) => AsyncHook
type Callback = (this: unknown, id: number, ...rest: unknown[]) => void

const callbackNames = ['init', 'before', 'after', 'destroy', 'promiseResolve'] as const

/**
 * Keeps from the hooks of a program what libvisor has started in its thread for itself.
 *
 * @param realm - of one namespace
 */
export function hookAsyncHooks(realm: Realm): void {
  realm.whenAsked('async_hooks', (exports) => {
    const createHook = exports['createHook'] as CreateHook
    const replacement = mimic(createHook, (callbacks: HookCallbacks) => createHook(withoutUnseen(callbacks)))
    realm.patches.patch(exports, 'createHook', { value: replacement })
  })
}

function withoutUnseen(callbacks: HookCallbacks): HookCallbacks {
  // What is none, Node itself refuses.
  if (callbacks === null || typeof callbacks !== 'object') return callbacks
  const replaced: PropertyDescriptorMap = {}
  for (const name of callbackNames) {
    const callback = callbacks[name] as Callback | undefined
    if (typeof callback === 'function')
      replaced[name] = { value: name === 'init' ? ofSeen(callback) : aboutSeen(callback) }
  }
  // Inherits what else the program says.
  return Object.create(callbacks, replaced) as HookCallbacks
}

function ofSeen(init: Callback): Callback {
  return function (id, ...rest) {
    const [, triggerId] = rest
    if (!isUnseen(id, triggerId as number)) apply(init, this, [id, ...rest])
  }
}

function aboutSeen(callback: Callback): Callback {
  return function (id) {
    if (!isUnseen(id)) apply(callback, this, [id])
  }
}
