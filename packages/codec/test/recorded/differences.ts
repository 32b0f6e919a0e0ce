const bridge = "bit 7 of the Protocol Version is Mosquitto's own, and no specification has it"
const defaults = 'mqtt-packet fills in what its caller left out, and our packets have all of their fields'
const lenientConnack = 'mqtt-packet lets a CONNACK of 5.0 end before its Reason Code or Property Length'
const shorter = 'we write the shortest form, without a Reason Code of 0 and without an empty Property Length'
const maximumQoS = 'a Maximum QoS other than 0 and 1 is a Protocol Error (section 3.2.2.3.4)'
const mqtt31UserName = 'in MQTT 3.1 Remaining Length takes precedence over the User Name Flag and the Password Flag'
const returnCodes = 'MQTT 3.1.1 has the return codes 0 to 5, and mochi keeps those of 5.0 in its table'
const dup = 'DUP at QoS 0 is forbidden [MQTT-3.3.1-2]'
const shortForm = 'the recording announces more than it has; what it has is a packet in its short form'

/** Where our codec does otherwise than a recorded one, and why. A test fails when one of them is a difference no more. */
export const differences: ReadonlyMap<string, string> = new Map([
  ['mqtt-packet 10, connect MQTT bridge 131: decoding', bridge],
  ['mqtt-packet 11, connect MQTT bridge 132: decoding', bridge],
  ['mqtt-packet 11, connect MQTT bridge 132: size', bridge],
  ['mqtt-packet 18, default connect: decoding', defaults],
  ['mqtt-packet 18, default connect: size', defaults],
  ['mqtt-packet 21, Version 4 CONACK in Version 5 mode: decoding', lenientConnack],
  ['mqtt-packet 26, Version 5 CONNACK test 1: decoding', lenientConnack],
  ['mqtt-packet 27, Version 5 CONNACK test 2: decoding', lenientConnack],
  ['mqtt-packet 31, Version 5 DISCONNECT test 3: size', shorter],
  ['mqtt-packet 47, Cannot parse username: refusal', mqtt31UserName],
  ['mqtt-packet 62, connack MQTT 5 with properties: decoding', maximumQoS],
  ['mqtt-packet 62, connack MQTT 5 with properties: size', maximumQoS],
  ['mqtt-packet 63, connack MQTT 5 with properties and doubled user properties: decoding', maximumQoS],
  ['mqtt-packet 63, connack MQTT 5 with properties and doubled user properties: size', maximumQoS],
  ['mqtt-packet 85, puback with reason and no MQTT 5 properties: size', shorter],
  ['mqtt-packet 130, disconnect MQTT 5 with no properties: size', shorter],
  ['mochi 47, bad protocol version: decoding', returnCodes],
  ['mochi 47, bad protocol version: size', returnCodes],
  ['mochi 48, miscellaneous protocol violation: decoding', returnCodes],
  ['mochi 48, miscellaneous protocol violation: size', returnCodes],
  ['mochi 49, bad client id: decoding', returnCodes],
  ['mochi 49, bad client id: size', returnCodes],
  ['mochi 50, server unavailable: decoding', returnCodes],
  ['mochi 50, server unavailable: size', returnCodes],
  ['mochi 51, bad username or password: decoding', returnCodes],
  ['mochi 51, bad username or password: size', returnCodes],
  ['mochi 54, not authorised: decoding', returnCodes],
  ['mochi 54, not authorised: size', returnCodes],
  ['mochi 75, dup: decoding', dup],
  ['mochi 75, dup: size', dup],
  ['mochi 104, malformed reason code: refusal', shortForm],
  ['mochi 172, malformed reason code: refusal', shortForm],
  ['mochi 173, zero non zero expiry: size', shorter],
])
