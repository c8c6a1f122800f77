// browser.mjs SCENARIO PROGRAM [ARGUMENTS]: starts the program, opens the page it serves in headless Chromium, and plays
// the scenario. Every wait has an end; nothing is timed by sleeping.
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, patience, runScenario, within } from './program.mjs';

const { chromium } = createRequire(join(process.env.CORTC_PEERS, 'package.json'))('playwright-core');

const loopback = '--allow-loopback-in-peer-connection'; // the browser has loopback candidates too
const hidden = '--enable-features=WebRtcHideLocalIpsWithMdns'; // its candidates have names ending in .local

async function inBrowser(flags, play) {
    const profile = await mkdtemp(join(tmpdir(), 'cortc-chromium-'));
    const browser = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.CORTC_CHROMIUM,
        headless: true,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync', ...[flags].flat()],
    });
    try {
        const page = await browser.newPage();
        page.setDefaultTimeout(patience);
        const errors = [];
        page.on('pageerror', error => errors.push(`${error}`));
        page.on('console', message => console.log(`    page: ${message.text()}`));
        await play(page);
        check(errors.length === 0, `no error in the page ${errors}`);
    } finally {
        await browser.close();
        await rm(profile, { recursive: true, force: true });
    }
}

/// Runs in the page: messages of every size and both kinds over a channel that echoes them.
async function exchange({ sizes, patience }) {
    const channel = pc.createDataChannel('sizes');
    channel.binaryType = 'arraybuffer';
    const late = setTimeout(() => channel.close(), patience);
    const arrived = [];
    let wake = () => {};
    channel.onmessage = event => { arrived.push(event.data); wake(); };
    await new Promise((resolve, reject) => { channel.onopen = resolve; channel.onclose = reject; });
    let closed = false;
    channel.onclose = () => { closed = true; wake(); };
    const next = async () => {
        while (arrived.length === 0) {
            if (closed) throw new Error('the echo did not come');
            await new Promise(resolve => wake = resolve);
        }
        return arrived.shift();
    };
    const text = size => Array.from({ length: size }, (_, i) => String.fromCharCode(97 + (i * 7 + size) % 26)).join('');
    const binary = size => Uint8Array.from({ length: size }, (_, i) => i * 31 + size);
    const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
    const failures = [];
    for (const size of sizes) {
        channel.send(text(size));
        const back = await next();
        if (back !== text(size)) failures.push(`text of ${size} bytes`);
        channel.send(binary(size));
        const bytes = await next();
        if (!(bytes instanceof ArrayBuffer) || !same(new Uint8Array(bytes), binary(size)))
            failures.push(`binary of ${size} bytes`);
    }
    // One megabyte of each kind, all sent before the first is awaited.
    for (const make of [text, binary]) {
        const parts = Array.from({ length: 16 }, (_, i) => make(65536 - i));
        for (const part of parts) channel.send(part);
        for (const part of parts) {
            const back = await next();
            if (!(typeof back === 'string' ? back === part : same(new Uint8Array(back), part)))
                failures.push(`a part of a megabyte, ${part.length} bytes`);
        }
    }
    clearTimeout(late);
    const gone = new Promise(resolve => channel.onclose = resolve);
    channel.close();
    await gone;
    return failures;
}

/// Runs in the page: messages flow while ICE restarts; returns how many were sent and came back, and the credentials.
async function restart({ lossy }) {
    const ufrags = () => [pc.localDescription.sdp, pc.remoteDescription.sdp].map(sdp => sdp.match(/a=ice-ufrag:(.*)/)[1]);
    const channel = pc.createDataChannel('flow', lossy ? { ordered: false, maxRetransmits: 0 } : {});
    await new Promise(resolve => channel.onopen = resolve);
    const before = ufrags();
    let sent = 0, back = 0, wake = () => {};
    channel.onmessage = () => { ++back; wake(); };
    const flow = setInterval(() => channel.send(`${sent++}`), 2);
    const until = async (reached, ms) => {
        let late = false;
        const timer = setTimeout(() => { late = true; wake(); }, ms);
        while (!reached() && !late) await new Promise(resolve => wake = resolve);
        clearTimeout(timer);
    };
    await until(() => back > 20, 5000);
    const fresh = new Promise(resolve => pc.addEventListener('signalingstatechange', function changed() {
        if (pc.signalingState !== 'stable') return;
        pc.removeEventListener('signalingstatechange', changed);
        resolve();
    }));
    const transport = pc.sctp.transport.iceTransport;
    const selected = new Promise(resolve => transport.addEventListener('selectedcandidatepairchange', resolve, { once: true }));
    document.getElementById('restart').click();
    await fresh;
    // The pair may be of the same addresses, and then there is no event; statistics tell the credentials in use.
    await Promise.race([selected, new Promise((resolve, reject) => {
        const ask = async tries => {
            for (const report of (await pc.getStats()).values())
                if (report.type === 'transport' && report.iceLocalUsernameFragment === ufrags()[0]
                    && report.iceState !== 'checking') return resolve();
            if (tries === 0) return reject(new Error('no pair of the new credentials'));
            setTimeout(ask, 20, tries - 1);
        };
        ask(500);
    })]);
    const enough = back + 50; // over the new pair
    await until(() => back >= enough, 5000);
    clearInterval(flow);
    await until(() => back === sent, 3000);
    channel.close();
    return { sent, back, before, after: ufrags(), state: pc.connectionState };
}

const scenarios = {
    /// Sample 1 as it is: the browser offers, the program answers and echoes.
    async sample(start, flag = loopback) {
        const program = start();
        const [, url] = await program.line(/(http:\/\/\S+)/);
        await inBrowser(flag, async page => {
            await page.goto(url);
            await page.getByText('hello from the browser').waitFor();
            check(await page.locator('#state').textContent() === 'connected', 'the page says connected');
            await page.fill('#text', 'grüße ✓');
            await page.click('#send');
            await page.getByText('grüße ✓').waitFor();
            check(true, 'what is typed comes back');

            const limit = await page.evaluate(() => pc.sctp.maxMessageSize);
            check(limit === 262144, `the maximum message size is ${limit}`);
            const failures = await within(
                page.evaluate(exchange, { sizes: [0, 1, 1200, 65536, 262144], patience }), 'the exchange');
            check(failures.length === 0, `every size and a megabyte of each kind come back ${failures}`);

            for (const lossy of [false, true]) {
                const flow = await within(page.evaluate(restart, { lossy }), 'the restart');
                check(flow.before[0] !== flow.after[0] && flow.before[1] !== flow.after[1], 'both credentials are new');
                check(flow.state === 'connected', 'still connected after the restart');
                check(flow.back === flow.sent && flow.sent > 70,
                    `${flow.back} of ${flow.sent} messages came back during the restart (${lossy ? 'lossy' : 'ordered'})`);
            }
            const [second] = await Promise.all([page.context().newPage(), page.close()]);
            await program.line(/a browser is gone/);
            await second.goto(url);
            await second.getByText('hello from the browser').waitFor();
            check(true, 'another page connects after the first is gone');
            const missing = await second.request.get(new URL('/missing', url).href);
            check(missing.status() === 404, 'a page that is not there is 404');
        });
        program.child.kill('SIGTERM');
        check(await within(program.exited, 'the program to end') === 0, 'the program ends in order');
    },

    /// The same with a browser that does not tell its addresses, as one on a desktop.
    hidden: start => scenarios.sample(start, hidden),

    /// Sample 4: both ends change at once, with either of them polite, and agree in the end.
    async glare(start) {
        const program = start();
        const [, url] = await program.line(/(http:\/\/\S+)/);
        await inBrowser(loopback, async page => {
            let collisions = 0; // whose offer is made first is chance, and that of a polite end may never leave it
            for (const polite of ['the page', 'the program']) {
                await page.goto(url + (polite === 'the program' ? '?polite' : ''));
                await page.locator('#change:enabled').waitFor();
                await within(page.evaluate(() => change(100)), 'the changes');
                const read = async id => await page.locator(id).textContent();
                check(await read('#changes') === '100' && await read('#echoes') === '100',
                    `100 changes of both ends at once; ${polite} is polite`);
                collisions += Number(await read('#collisions'));
                check(await within(page.evaluate(async () => {
                    await echo('at last');
                    return `${pc.connectionState} ${pc.signalingState}`;
                }), 'the last echo') === 'connected stable', 'connected and stable in the end');
            }
            check(collisions > 0, `${collisions} offers collided`);
        });
        // Candidates of an offer that the page has rolled back may come late.
        const failed = program.lines.filter(line => line.startsWith('negotiation:') && !line.includes('usernameFragment'));
        check(failed.length === 0, `no operation of the program failed ${failed}`);
        program.child.kill('SIGTERM');
        check(await within(program.exited, 'the program to end') === 0, 'the program ends in order');
    },

    /// A program that offers; its page answers. The program judges.
    async peer(start, flag = loopback) {
        const program = start();
        const [, url] = await program.line(/(http:\/\/\S+)/);
        await inBrowser(flag, async page => {
            await page.goto(url);
            check(await within(program.exited, 'the program to end') === 0, 'the program is content');
        });
    },

    /// A program that meets the browser over relays alone, page after page, and judges.
    async relayed(start) {
        // The one option by which Chromium takes a certificate of a TURN server that no authority has signed.
        const der = new X509Certificate(await readFile(process.env.CORTC_TRUSTED)).publicKey.export({ type: 'spki', format: 'der' });
        const key = createHash('sha256').update(der).digest('base64');
        const program = start();
        await inBrowser([loopback, `--ignore-certificate-errors-spki-list=${key}`], async page => {
            for (let pages = 1; ; ++pages) {
                const next = await Promise.race([program.exited, program.line(new RegExp(`^page ${pages} (\\S+)`))]);
                if (typeof next === 'number') break;
                await page.goto(next[1]);
            }
            check(await program.exited === 0, 'the program is content');
        });
    },

    /// The same with a browser that does not tell its addresses.
    named: start => scenarios.peer(start, hidden),

    /// Audio and video, offered by a program and then by its page. The program judges.
    media: start => scenarios.peer(start),
};

await runScenario(scenarios);
