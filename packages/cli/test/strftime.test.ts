import { expect, test } from 'vitest'
import { strftime } from '../src/client/strftime.ts'

/** As `date -d DAY '+%j %U %V %W %u %w %G %g %C %y'` of the GNU tools prints them. */
const days: [day: string, printed: string][] = [
  ['2024-12-30', '365 52 01 53 1 1 2025 25 20 24'],
  ['2026-01-01', '001 00 01 00 4 4 2026 26 20 26'],
  ['2027-01-03', '003 01 53 00 7 0 2026 26 20 27'],
  ['2021-01-03', '003 01 53 00 7 0 2020 20 20 21'],
  ['2020-12-31', '366 52 53 52 4 4 2020 20 20 20'],
  ['2026-07-04', '185 26 27 26 6 6 2026 26 20 26'],
]
for (const [day, printed] of days) {
  test(`${day} is ${printed}`, () => {
    const date = new Date(`${day}T00:05:09`)

    expect([...'jUVWuwGgCy'].map(letter => strftime(letter, date)).join(' ')).toBe(printed)
  })
}

const hours: [time: string, printed: string][] = [
  ['00:05:09', '12|12| 0|AM|am|12:05:09 AM'],
  ['09:00:00', '09| 9| 9|AM|am|09:00:00 AM'],
  ['12:00:00', '12|12|12|PM|pm|12:00:00 PM'],
  ['23:59:59', '11|11|23|PM|pm|11:59:59 PM'],
]
for (const [time, printed] of hours) {
  test(`${time} is ${printed}`, () => {
    const date = new Date(`2026-07-04T${time}`)

    expect([...'IlkpPr'].map(letter => strftime(letter, date)).join('|')).toBe(printed)
  })
}
