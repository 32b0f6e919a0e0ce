import fc from 'fast-check'

/** Few names, so that topics and filters meet; empty levels, the reserved `$` and names that are not to be normalised. */
const name = fc.constantFrom('a', 'b', 'A', '', '$s', 'ä', 'a\u0308')

/** Topic Names of up to four levels. */
export const topicName: fc.Arbitrary<string> = fc
  .array(name, { minLength: 1, maxLength: 4 })
  .map(levels => levels.join('/'))
  .filter(topic => topic !== '')

/** Topic Filters of up to four levels, most of them with wildcards. */
export const topicFilter: fc.Arbitrary<string> = fc
  .record({
    levels: fc.array(fc.oneof(name, fc.constant('+')), { minLength: 1, maxLength: 4 }),
    endsInHash: fc.boolean(),
  })
  .map(({ levels, endsInHash }) => (endsInHash ? [...levels.slice(1), '#'] : levels).join('/'))
  .filter(filter => filter !== '')
