/** Times as C's strftime writes them in the locale "C", for `@` in formats. */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const DAY_MS = 86_400_000

const two = (value: number): string => String(value).padStart(2, '0')
const blank = (value: number): string => String(value).padStart(2, ' ')
const twelve = (hours: number): number => hours % 12 || 12

/** Each conversion by its letter. Other letters stand for themselves behind a `%`, as in the GNU library. */
const conversions: Readonly<Record<string, (date: Date) => string>> = {
  '%': () => '%',
  a: date => days[date.getDay()]!.slice(0, 3),
  A: date => days[date.getDay()]!,
  b: date => months[date.getMonth()]!.slice(0, 3),
  B: date => months[date.getMonth()]!,
  c: date => format('%a %b %e %H:%M:%S %Y', date),
  C: date => two(Math.floor(date.getFullYear() / 100)),
  d: date => two(date.getDate()),
  D: date => format('%m/%d/%y', date),
  e: date => blank(date.getDate()),
  F: date => format('%Y-%m-%d', date),
  g: date => two(isoWeek(date).year % 100),
  G: date => String(isoWeek(date).year),
  h: date => format('%b', date),
  H: date => two(date.getHours()),
  I: date => two(twelve(date.getHours())),
  j: date => String(dayOfYear(date) + 1).padStart(3, '0'),
  k: date => blank(date.getHours()),
  l: date => blank(twelve(date.getHours())),
  m: date => two(date.getMonth() + 1),
  M: date => two(date.getMinutes()),
  n: () => '\n',
  p: date => (date.getHours() < 12 ? 'AM' : 'PM'),
  P: date => (date.getHours() < 12 ? 'am' : 'pm'),
  r: date => format('%I:%M:%S %p', date),
  R: date => format('%H:%M', date),
  s: date => String(Math.floor(date.getTime() / 1000)),
  S: date => two(date.getSeconds()),
  t: () => '\t',
  T: date => format('%H:%M:%S', date),
  u: date => String(date.getDay() || 7),
  U: date => two(Math.floor((dayOfYear(date) + 7 - date.getDay()) / 7)),
  V: date => two(isoWeek(date).week),
  w: date => String(date.getDay()),
  W: date => two(Math.floor((dayOfYear(date) + 7 - ((date.getDay() + 6) % 7)) / 7)),
  x: date => format('%m/%d/%y', date),
  X: date => format('%H:%M:%S', date),
  y: date => two(date.getFullYear() % 100),
  Y: date => String(date.getFullYear()),
  z: date => offset(-date.getTimezoneOffset()),
  Z: zoneName,
}

/** What one conversion makes of a time, in the time zone of the process. */
export function strftime(letter: string, date: Date): string {
  const convert = Object.hasOwn(conversions, letter) ? conversions[letter] : undefined
  return convert ? convert(date) : `%${letter}`
}

function format(text: string, date: Date): string {
  return text.replace(/%(\w)/g, (_, letter: string) => strftime(letter, date))
}

/** Counted from 0. Days are counted in UTC, where each has the same length. */
function dayOfYear(date: Date): number {
  const year = date.getFullYear()
  return Math.round((Date.UTC(year, date.getMonth(), date.getDate()) - Date.UTC(year, 0, 1)) / DAY_MS)
}

/** Weeks begin on Monday; the first has the first Thursday of the year. */
function isoWeek(date: Date): { week: number; year: number } {
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 4 - (date.getDay() || 7))
  return { week: Math.floor(dayOfYear(thursday) / 7) + 1, year: thursday.getFullYear() }
}

function offset(minutes: number): string {
  const absolute = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}${two(absolute % 60)}`
}

/** Such as CET. American English has the names of American zones, British English those of European ones. */
function zoneName(date: Date): string {
  const names = ['en-US', 'en-GB'].map(locale => {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date)
    return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  })
  return names.find(name => !/^(GMT|UTC)[+-]/.test(name)) ?? format('%z', date)
}
