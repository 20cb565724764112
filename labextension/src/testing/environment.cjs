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
    // Lumino's widgets extend it; nothing is dragged here.
    this.global.DragEvent = class DragEvent extends this.global.Event {};
    this.global.AbortController = globalThis.AbortController;
    this.global.AbortSignal = globalThis.AbortSignal;
  }
};
