import { mqttJs } from './support/clients/mqttjs.ts'
import { describeFamily } from './support/scenarios.ts'

describeFamily(mqttJs('mqtt', 'MQTT.js 5'))
describeFamily(mqttJs('mqtt4', 'MQTT.js 4'))
describeFamily(mqttJs('mqtt3', 'MQTT.js 3'))
