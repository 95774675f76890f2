/** What a benchmark with more than one figure says. */
export interface Report {
  readonly text: string
  /** Whether every target is met. */
  readonly isMet: boolean
}

/** What such a benchmark may be told. */
export interface ReportOptions {
  /** How often everything is measured. @defaultValue what the benchmark needs */
  readonly runs: number | undefined
  /** How many guests there are at most. @defaultValue what the benchmark needs */
  readonly guests: number | undefined
  /** A directory in whose `node_modules` Watt is installed. @defaultValue Watt is not measured */
  readonly watt: string | undefined
}
