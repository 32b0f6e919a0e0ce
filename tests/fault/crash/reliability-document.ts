import type { CrashResult } from './crash-run.ts'
import { type CrashReport, resultTable } from './report.ts'

/** The faults beside crashes, and the test that shows what is said of each. */
const faults: readonly (readonly [fault: string, behaviour: string, test: string])[] = [
  [
    'The disk is full',
    'PUBLISH at QoS 1 and 2 is refused with 0x97; in 3.1.1 its acknowledgement is withheld. What needs no disk goes on. When there is room again the broker goes on by itself, and nothing acknowledged is lost',
    'full-disk',
  ],
  [
    'fsync fails, once or always',
    'Nothing is acknowledged until files that were opened anew hold it; the broker goes on by itself',
    'fsync-error',
  ],
  [
    'fsync is slow',
    'Acknowledgements are late, and nothing else; all that comes meanwhile shares the next wait',
    'slow-disk',
  ],
  [
    'The folder or its file system is read-only; another broker has it',
    'The broker does not start, and says why',
    'read-only-folder',
  ],
  [
    'Files of the store are cut, changed or gone',
    'The damage is logged as an error, what is damaged is kept beside the store, and the broker serves what is left',
    'corrupt-store',
  ],
  [
    'There are no file descriptors left',
    'Whoever is connected is served, and what is acknowledged is stored; new clients are taken when there are descriptors again',
    'few-descriptors',
  ],
  ['The wall clock jumps by a day', 'Nobody is disconnected, and nothing expires by it', 'clock-jump'],
  [
    'A publisher with a durable outbox is killed',
    'What its outbox had stored arrives after its restart, in order: at QoS 1 at least once, at QoS 2 once',
    'outbox',
  ],
]

/** The text of docs/reliability.md. */
export function reliabilityDocument(report: CrashReport): string {
  const { date, command, machine, results } = report
  const ours = results.find(({ broker }) => broker === 'curlew')
  return `# Reliability

What an acknowledgement is worth when the broker is killed, and how that was found out. \`npm run crash\` writes this page from its
results; nobody types the numbers.

## Kills in the middle of traffic

${resultTable(results)}

${date.slice(0, 10)}, seed ${results[0]?.seed ?? 0}, ${machine}; \`${command}\`. Each broker got the same load and the same choice of moments.
${ours === undefined ? '' : summary(ours)}
**The load.** Four publishers send at QoS 1 and QoS 2 with up to 20 messages under way; when they have lost the connection they send again, with DUP,
what was not acknowledged, and PUBREL where PUBREC had come. Twelve subscribers keep their Sessions, in 5.0 and in 3.1.1: some are always there, some
are away for several lives of the broker, some come and go, some subscribe and unsubscribe all the time, some acknowledge late, and one
gives its Session up now and then. A client writes and clears eight retained messages, and a client with a Will is connected at each kill.

**The kills.** \`SIGKILL\`, between two packets that a client received, so that what was acknowledged last is a moment old; a third of
them while clients reconnect, some before the broker listens. Then it is started on the same folder.

**The columns.** _Acknowledged_: messages with PUBACK or PUBREC. _Lost_: those of them that a Session with an acknowledged subscription
never got. _QoS 2 twice_: deliveries of a QoS 2 message to a Session that had taken it. _Invented_: deliveries of what nobody sent or
asked for. _Out of order_: first deliveries of one publisher on one topic behind a later one. _Retained wrong_: retained messages that
are neither the last acknowledged write nor a later one. _Sessions lost_: CONNACKs without the Session that was acknowledged. _Subscriptions
wrong_: last messages that did not come by a subscription that was acknowledged, or came with other options. _Wills lost_: Wills of clients
that were connected at the kill and never came. _Repeated without DUP_: deliveries that do not say that they are repeated.

The other brokers are run as they come, with persistence on and without limits on queues, and Mosquitto also with what it has that is strictest:
\`autosave_on_changes true\` and \`autosave_interval 1\`. aedes speaks 3.1.1, so its clients do; in memory everything ends with the process, and
with aedes-persistence-level its Sessions are in a LevelDB. Part of what is wrong with them needs no kill: \`--connections\` shows it.

A kill leaves the operating system alive, with what was written and not synced. What a power cut leaves is tried with a simulated
disk, in \`tests/fault/simulator\`.

## Other faults

| Fault | What Curlew does | Test |
| --- | --- | --- |
${faults.map(([fault, behaviour, test]) => `| ${fault} | ${behaviour} | [${test}](../tests/fault/${test}.test.ts) |`).join('\n')}

## Try it

\`\`\`sh
npm run crash -- --kills 100                        # Curlew; the seed is printed
npm run crash -- --kills 100 --seed 7               # the same traffic and moments again, as far as a machine repeats itself
npm run crash -- --kills 100 --broker all           # all that are installed
npm run crash -- --seed 7 --trace steady-a          # with the packets of one client
TEST_SEED=7 npm test -- --project fault             # the short run of the tests; without it the seed is 1
\`\`\`
`
}

function summary({ kills, killsDuringStart, acknowledged, owed, repeated, startMs }: CrashResult): string {
  const numbers = [kills, killsDuringStart, acknowledged, owed, repeated].map(number => number.toLocaleString('en-US'))
  const [killsText, early, acknowledgedText, owedText, repeatedText] = numbers
  return `
Curlew was killed ${killsText} times, ${early} of them before it listened; ${acknowledgedText} acknowledged messages made ${owedText} deliveries due, and
${repeatedText} were repeated. It took ${startMs} ms to start, as the median.
`
}
