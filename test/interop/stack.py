"""stack.py URL ROLE: aiortc as the peer of stack_peer.cpp; stack.mjs says what it does. ROLE is ours: offers, answers, and
"offers-media" with three sections of media."""
import asyncio
import json
import sys

import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

BURST = 20


async def main(url, role):
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    counts = {}

    def take(channel):
        def command(line):
            word, _, label = line.partition(" ")
            if word == "count":
                control.send(str(counts.get(label, "none")))
            elif word == "open":
                take(pc.createDataChannel(f"echo {label}"))
            else:
                burst = pc.createDataChannel(label)

                @burst.on("open")
                def opened():
                    for _ in range(BURST):
                        burst.send(bytes(1000))
                    burst.close()

        if channel.label == "control":
            control = channel
            channel.on("message", command)
        elif channel.label.startswith("echo"):
            channel.on("message", channel.send)
        else:
            counts[channel.label] = 0

            @channel.on("message")
            def count(_):
                counts[channel.label] += 1

    pc.on("datachannel", take)
    async with websockets.connect(url.replace("http:", "ws:"), max_size=None) as socket:

        async def local(made):
            await pc.setLocalDescription(made)  # gathers
            await socket.send(json.dumps({"type": pc.localDescription.type, "sdp": pc.localDescription.sdp}))

        if role.startswith("offers"):
            if role == "offers-media":
                for kind in ("audio", "audio", "video"):
                    pc.addTransceiver(kind, direction="recvonly")
            take(pc.createDataChannel("control"))
            await local(await pc.createOffer())
        while True:
            try:
                text = await socket.recv()
            except websockets.ConnectionClosed:
                break  # the program has judged
            message = json.loads(text)
            if "type" not in message:
                continue
            await pc.setRemoteDescription(RTCSessionDescription(message["sdp"], message["type"]))
            if message["type"] == "offer":
                await local(await pc.createAnswer())
    await pc.close()


asyncio.run(main(*sys.argv[1:]))
