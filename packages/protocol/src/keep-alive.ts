/**
 * When a Server gives up on a silent Client: one and a half times the Keep Alive after the last packet
 * [MQTT-3.1.2-22].
 *
 * @param lastReceived milliseconds of the monotonic clock
 * @param keepAlive seconds; not 0, which turns the mechanism off
 */
export function silenceDeadline(lastReceived: number, keepAlive: number): number {
  return lastReceived + keepAlive * 1500
}

/**
 * When a Client must send PINGREQ if it has sent nothing else [MQTT-3.1.2-20].
 *
 * @param lastSent milliseconds of the monotonic clock
 * @param keepAlive seconds; not 0
 */
export function pingDue(lastSent: number, keepAlive: number): number {
  return lastSent + keepAlive * 1000
}
