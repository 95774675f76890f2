// What the loader needs once the guest's files differ from the host's.
export { loaderParts } from '@libvisor/loader'
