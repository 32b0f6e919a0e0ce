import { type Frame, selfTimes } from './cpu-profile.ts'

/** Frames narrower than this share of the whole are left out: nobody could see them. */
const SHARE_MIN = 0.0005
const TABLE_ROWS = 40

const style = `body{font:13px system-ui,sans-serif;margin:16px}
.frame{height:17px;overflow:hidden;white-space:nowrap;font-size:11px;line-height:17px;border:1px solid #fff;box-sizing:border-box;background:#f4a261;cursor:zoom-in}
.node{display:inline-block;vertical-align:top}.wide{width:100%!important}.away{display:none}td{padding:1px 12px 1px 0}td:first-child{text-align:right}`

/** A click hides what is beside a frame and beside its callers. */
const script = `const flame=document.querySelector('.flame')
flame.addEventListener('click',({target})=>{
const frame=target.closest('.frame')
if(!frame)return
for(const node of flame.querySelectorAll('.wide,.away'))node.classList.remove('wide','away')
for(let node=frame.parentElement;node.matches('.node');node=node.parentElement.parentElement){
node.classList.add('wide')
for(const other of node.parentElement.children)if(other!==node&&other.matches('.node'))other.classList.add('away')}})`

/** A page that needs nothing else: the flame graph (callers above what they call), and a table of self time. */
export function flameGraph(title: string, root: Frame): string {
  const seconds = (root.totalUs / 1e6).toFixed(1)
  const rows = selfTimes(root)
    .slice(0, TABLE_ROWS)
    .map(({ label, us }) => `<tr><td>${percent(us, root)}</td><td>${escaped(label)}</td></tr>`)
  return [
    `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style>`,
    `<h1>${escaped(title)}</h1><p>Busy for ${seconds} s; a click on a frame shows it alone with its callers, on the topmost one everything.</p>`,
    `<div class="flame">${frameHtml(root, root, root.totalUs)}</div>`,
    `<h2>Self time</h2><table>${rows.join('')}</table><script>${script}</script>\n`,
  ].join('\n')
}

function frameHtml(frame: Frame, root: Frame, parentUs: number): string {
  if (root.totalUs === 0 || frame.totalUs / root.totalUs < SHARE_MIN) return ''
  const title = escaped(`${frame.label}: ${percent(frame.totalUs, root)}, itself ${percent(frame.selfUs, root)}`)
  const children = [...frame.children.values()].sort((a, b) => b.totalUs - a.totalUs)
  const inside = children.map(child => frameHtml(child, root, frame.totalUs)).join('')
  const width = ((frame.totalUs / parentUs) * 100).toFixed(3)
  return `<div class="node" style="width:${width}%"><div class="frame" title="${title}">${escaped(frame.label)}</div><div style="white-space:nowrap">${inside}</div></div>`
}

function percent(us: number, { totalUs }: Frame): string {
  return `${((us / totalUs) * 100).toFixed(1)} %`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
