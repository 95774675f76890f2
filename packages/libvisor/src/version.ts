/** The version of libvisor. Checked against the manifest by a test. */
export const version = '0.0.0'
