// jsdom with what browsers have and it lacks, from Node, which has the same.
const { TestEnvironment } = require('jest-environment-jsdom');

const BROWSER = [
  'fetch',
  'Headers',
  'Request',
  'Response',
  'ReadableStream',
  'TextDecoder',
  'TextDecoderStream',
  'TextEncoder',
  'Uint8Array'
];

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of BROWSER) {
      this.global[name] = globalThis[name];
    }
    this.global.AbortController = globalThis.AbortController;
    this.global.AbortSignal = globalThis.AbortSignal;
  }
};
