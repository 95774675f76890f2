import { defineSlot } from '@libvisor/core'
import type { NetStack } from './state/net-stack.ts'

/** Where a namespace keeps its network stack. In a file of its own: who only asks for the stack need not load it. */
export const netStack = defineSlot<NetStack>('network stack')
