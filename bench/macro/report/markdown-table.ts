/** A table as the formatter writes it: columns as wide as their widest cell, all but the first aligned to the right. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = [headings, ...rows.map(row => row.map(String))]
  const widths = headings.map((_, column) => Math.max(3, ...cells.map(row => row[column]!.length)))
  const line = (row: readonly string[]): string => {
    const padded = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(headings), line(rule), ...cells.slice(1).map(line)]
}
