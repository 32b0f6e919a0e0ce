/**
 * Why no test shows a statement, by its id. Only for those that bind nothing that Curlew has: where a Server or a Client can see a
 * violation by the other, what it does about it is the test.
 */
const dialsNobody = 'binds a Server that connects to other Servers; Curlew has no bridge, so it never acts as a Client'

export const reasons: Readonly<Record<string, string>> = {
  'MQTT3-7.0.0-1': dialsNobody,
}
