"""Drives Debian's python3-paho-mqtt for a test: one JSON object a line, commands on stdin, events on stdout.

A command names a client and what it is to do; every client runs in a thread of its own. What paho answers through a
callback becomes an event. Acknowledgements carry paho's own number of the request, which the reply to the command also
has, because the two may come in either order.
"""

import base64
import json
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

OUTPUT = threading.Lock()


def emit(event):
    with OUTPUT:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


class Driver:
    """One paho client."""

    def __init__(self, name, command):
        self.name = name
        self.version = command["version"]
        is_version_5 = self.version == mqtt.MQTTv5
        self.client = mqtt.Client(
            client_id=command["clientId"],
            clean_session=None if is_version_5 else command["clean"],
            protocol=self.version,
            transport="websockets" if command["transport"] == "ws" else "tcp",
        )
        self.client.on_connect = self.on_connect
        self.client.on_disconnect = self.on_disconnect
        self.client.on_message = self.on_message
        self.client.on_publish = self.on_publish
        self.client.on_subscribe = self.on_subscribe
        self.client.on_unsubscribe = self.on_unsubscribe
        self.client.ws_set_options(path="/mqtt")

    def emit(self, event, **fields):
        emit({"client": self.name, "event": event, **fields})

    def connect(self, command):
        if "will" in command:
            will = command["will"]
            payload = base64.b64decode(will["payload"])
            self.client.will_set(will["topic"], payload, will["qos"], will["retain"])
        arguments = {}
        if self.version == mqtt.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = command["sessionExpiryInterval"]
            arguments = {"clean_start": command["clean"], "properties": properties}
        self.client.connect(command["host"], command["port"], command["keepAlive"], **arguments)
        self.client.loop_start()
        return None

    def subscribe(self, command):
        wanted = [(one["filter"], one["qos"]) for one in command["subscriptions"]]
        if self.version == mqtt.MQTTv5:
            wanted = [(topic_filter, SubscribeOptions(qos=qos)) for topic_filter, qos in wanted]
        return self.client.subscribe(wanted)[1]

    def unsubscribe(self, command):
        return self.client.unsubscribe(command["filter"])[1]

    def publish(self, command):
        properties = None
        if "properties" in command:
            wanted = command["properties"]
            properties = Properties(PacketTypes.PUBLISH)
            properties.ContentType = wanted["contentType"]
            properties.ResponseTopic = wanted["responseTopic"]
            properties.CorrelationData = base64.b64decode(wanted["correlationData"])
            for name, value in wanted["userProperties"]:
                properties.UserProperty = (name, value)
        payload = base64.b64decode(command["payload"])
        return self.client.publish(command["topic"], payload, command["qos"], command["retain"], properties).mid

    def disconnect(self, _command):
        self.client.disconnect()
        return None

    def on_connect(self, _client, _userdata, flags, reason_code, _properties=None):
        self.emit("connected", reasonCode=code_of(reason_code), sessionPresent=flags["session present"] == 1)

    def on_disconnect(self, client, _userdata, reason_code, _properties=None):
        client.loop_stop()  # Otherwise paho would reconnect.
        is_from_server = not isinstance(reason_code, int)
        self.emit("disconnected", **({"reasonCode": reason_code.value} if is_from_server else {}))

    def on_publish(self, _client, _userdata, number):
        self.emit("acknowledged", number=number)

    def on_subscribe(self, _client, _userdata, number, granted, _properties=None):
        self.emit("acknowledged", number=number, granted=[code_of(code) for code in granted])

    def on_unsubscribe(self, _client, _userdata, number, *_version_5):
        self.emit("acknowledged", number=number)

    def on_message(self, _client, _userdata, message):
        fields = {
            "topic": message.topic,
            "payload": base64.b64encode(message.payload).decode(),
            "qos": message.qos,
            "retain": message.retain == 1,
            "dup": message.dup,
        }
        properties = getattr(message, "properties", None)
        if properties is not None and hasattr(properties, "ContentType"):
            fields["properties"] = {
                "contentType": properties.ContentType,
                "responseTopic": getattr(properties, "ResponseTopic", ""),
                "correlationData": base64.b64encode(getattr(properties, "CorrelationData", b"")).decode(),
                "userProperties": getattr(properties, "UserProperty", []),
            }
        self.emit("message", **fields)


def code_of(reason_code):
    """MQTT 3 callbacks have integers, MQTT 5 callbacks have objects."""
    return reason_code if isinstance(reason_code, int) else reason_code.value


def main():
    drivers = {}
    for line in sys.stdin:
        command = json.loads(line)
        name, action = command["client"], command["do"]
        try:
            if action == "connect":
                drivers[name] = Driver(name, command)
            number = getattr(drivers[name], action)(command)
            emit({"client": name, "event": "done", "call": command["call"], "number": number})
        except Exception as error:  # The test is told, whatever it was.
            emit({"client": name, "event": "failed", "call": command["call"], "error": repr(error)})


main()
