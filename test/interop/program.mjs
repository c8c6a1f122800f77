// What the scripts here have in common: a program under test, and waits that end.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export const patience = 30000; // ms, for each step

export function check(condition, what) {
    if (!condition) throw new Error(what);
    console.log(`ok  ${what}`);
}

export function within(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what}: not within ${patience} ms`)), patience);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/// A program under test, and what it prints.
export class Program {
    constructor(command, args) {
        this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        this.exited = new Promise(resolve => this.child.on('exit', (code, signal) => resolve(code ?? signal)));
        this.lines = [];
        this.waiting = [];
        createInterface({ input: this.child.stdout }).on('line', line => {
            console.log(`    program: ${line}`);
            this.lines.push(line);
            this.waiting = this.waiting.filter(look => !look(line));
        });
    }
    line(pattern) {
        const early = this.lines.map(line => line.match(pattern)).find(Boolean);
        const found = early ? Promise.resolve(early) : new Promise(resolve => this.waiting.push(line => {
            const match = line.match(pattern);
            if (match) resolve(match);
            return match;
        }));
        const gone = this.exited.then(code => { throw new Error(`the program ended (${code})`); });
        return within(Promise.race([found, gone]), `the program to print ${pattern}`);
    }
}

/// Runs `scenarios[SCENARIO](start)`; the command line is SCENARIO PROGRAM [ARGUMENTS], and `start(...more)` starts that program.
export async function runScenario(scenarios) {
    const [scenario, command, ...args] = process.argv.slice(2);
    const programs = [];
    const start = (...more) => {
        programs.push(new Program(command, [...args, ...more]));
        return programs.at(-1);
    };
    try {
        await scenarios[scenario](start);
    } catch (error) {
        console.error(`FAILED: ${error.message}`);
        process.exitCode = 1;
    } finally {
        for (const program of programs) program.child.kill('SIGKILL');
    }
}
