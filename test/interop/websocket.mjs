// A WebSocket client (RFC 6455) for text messages, which Node has from version 22 on: send(), onmessage, onclose.
import { createHash, randomBytes } from 'node:crypto';
import { get } from 'node:http';

const text = 0x81, close = 0x88; // FIN and the opcode

function frame(opcode, payload) {
    const size = payload.length;
    const head = size < 126 ? Buffer.from([opcode, 0x80 | size])
        : Buffer.from([opcode, 0x80 | 126, size >> 8, size & 255]); // enough for a description
    const mask = randomBytes(4);
    return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ mask[i % 4])]);
}

export function connect(url) {
    const key = randomBytes(16).toString('base64');
    return new Promise((resolve, reject) => get(url, {
        headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': key },
    }).on('error', reject).on('upgrade', (response, socket, first) => {
        const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        if (response.headers['sec-websocket-accept'] !== proof) return reject(new Error('no WebSocket'));
        const self = { send: data => socket.write(frame(text, Buffer.from(data))), onmessage() {}, onclose() {} };
        let input = first;
        const read = part => {
            input = Buffer.concat([input, part]);
            while (input.length >= 4) {
                const long = input[1] === 126, from = long ? 4 : 2;
                const size = long ? input.readUInt16BE(2) : input[1];
                if (input.length < from + size) return;
                const payload = input.subarray(from, from + size);
                if (input[0] === text) self.onmessage({ data: payload.toString() });
                else if (input[0] === close) socket.end(frame(close, payload));
                input = input.subarray(from + size);
            }
        };
        socket.on('error', () => {}).on('close', () => self.onclose());
        resolve(self);
        setImmediate(() => socket.on('data', read) && read(Buffer.alloc(0))); // when onmessage is set
    }));
}
