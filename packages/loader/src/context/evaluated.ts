import type * as vm from 'node:vm'
import type { ScriptStore } from './script-store.native.ts'

/** What scripts have made in a realm before anybody asked for it, each for one use. */
export type Evaluated = Map<vm.Script, unknown>

/**
 * Evaluates in a realm that is nobody's yet what the last guest of the thread had evaluated in its own: the next one often runs the same
 * program. Only scripts that do nothing but make a value are evaluated: the function around a module's code, and what a text says in JSON.
 *
 * @param scripts - what the guests of the thread share
 * @param context - the realm's
 * @returns for the loader of that realm's guest
 * @example
 * ```ts
 * import { createScriptStore, evaluateAhead } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 * import vm from 'node:vm'
 *
 * using scripts = createScriptStore()
 * const script = scripts.commonJs('module.exports = 1', '/app/one.js')
 * scripts.usual = new Set([script])
 * const evaluated = evaluateAhead(scripts, vm.createContext())
 * assert.equal(typeof evaluated.get(script), 'function')
 * ```
 */
export function evaluateAhead(scripts: ScriptStore, context: vm.Context): Evaluated {
  const evaluated: Evaluated = new Map()
  for (const script of scripts.usual) evaluated.set(script, script.runInContext(context))
  return evaluated
}

/** Evaluates the scripts of one guest. */
export interface Evaluator {
  /** The value of a script that does nothing but make one: made ahead, or now. */
  evaluate(script: vm.Script): unknown
  /** Has what was evaluated so far made ahead for the next guest, and forgets what was made ahead in vain. */
  settle(): void
}

/**
 * Makes what evaluates the scripts of one guest.
 *
 * @param scripts - what the guests of the thread share
 * @param context - the guest's
 * @param evaluated - what was evaluated there ahead
 * @returns the guest's evaluator
 */
export function createEvaluator(scripts: ScriptStore, context: vm.Context, evaluated: Evaluated): Evaluator {
  let asked: Set<vm.Script> | undefined = new Set()
  return {
    evaluate(script) {
      asked?.add(script)
      const made = evaluated.get(script)
      if (made === undefined) return script.runInContext(context)
      evaluated.delete(script)
      return made
    },

    settle() {
      if (asked !== undefined) scripts.usual = asked
      asked = undefined
      evaluated.clear()
    },
  }
}
