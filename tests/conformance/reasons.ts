/**
 * Why no test shows a statement, by its id. Only for those that bind somebody else than the broker, and whose violation no
 * Server can see: where a Server sees it, what the broker does about it is the test.
 */
const ownState =
  'binds a Client: whether it keeps or drops its own state, a Server cannot see; for the tests of a client library'

const otherSoftware = 'binds a Client library; the connections of one that breaks it never reach a Server'

const dialsNobody = 'binds a Server that connects to other Servers; Curlew has no bridge, so it never acts as a Client'

export const reasons: Readonly<Record<string, string>> = {
  'MQTT-3.2.2-4': ownState,
  'MQTT-3.2.2-5': ownState,
  'MQTT3-7.0.0-1': dialsNobody,
  'MQTT3-7.1.2-1': otherSoftware,
}
