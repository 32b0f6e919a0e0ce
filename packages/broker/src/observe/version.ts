/** The version of this package, as its package.json has it: no file is read for it. */
export const version = '0.1.0'
