import fc from 'fast-check'

/** Values of section 1.5, and the topics of section 4.7. */

export const twoBytes: fc.Arbitrary<number> = fc.nat({ max: 0xffff })
export const fourBytes: fc.Arbitrary<number> = fc.nat({ max: 0xffffffff })
export const packetId: fc.Arbitrary<number> = fc.integer({ min: 1, max: 0xffff })
export const bytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 40 })

/** Any UTF-8 Encoded String that is neither forbidden nor discouraged. */
export const text: fc.Arbitrary<string> = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map(string => string.replace(/[\p{Cc}\p{Noncharacter_Code_Point}]/gu, '-'))

const level: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'temperature', '$SYS', ' '),
  text.map(string => string.replace(/[/+#]/g, '-')),
)

/** At least one character; levels may be empty. */
export const topicName: fc.Arbitrary<string> = fc
  .array(level, { minLength: 1, maxLength: 6 })
  .map(levels => levels.join('/'))
  .filter(name => name !== '' && !name.startsWith('$share/'))

const plainFilter: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 6 }), fc.boolean())
  .map(([levels, isMultiLevel]) => [...levels, ...(isMultiLevel ? ['#'] : [])].join('/'))
  .filter(each => each !== '' && !each.startsWith('$share/'))

/** Topic Filters, one in four of a Shared Subscription. */
export const filter: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: plainFilter },
  {
    weight: 1,
    arbitrary: fc.tuple(level, plainFilter).map(([name, shared]) => `$share/${name === '' ? 'g' : name}/${shared}`),
  },
)
