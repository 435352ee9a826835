/** Words that are longer, or come later in a request, say nothing about who sends it. */
const MAX_WORD_BYTES = 128;
const MAX_WORDS = 8;
/** A line that is longer is not RESP: TLS, perhaps. */
const MAX_LINE_BYTES = 1_024;

const LINE_FEED = 10;
const SUBSCRIBE = /^[ps]?subscribe$/i;

/**
 * Learns who a client is from the requests that it sends: its name from `CLIENT SETNAME` and `HELLO … SETNAME`, and
 * whether it subscribes. Takes the bytes in pieces of any size, and understands nothing of a stream that is not RESP.
 */
export class RequestSniffer {
  #name: string | undefined;
  #isSubscriber = false;
  /** The beginning of a line whose end has not come. */
  #line = '';
  #words: string[] = [];
  #wordsLeft = 0;
  /** The word that is coming, its CR LF included; what is not worth keeping is left out. */
  #word = '';
  #wordBytesLeft = 0;
  #keepsWord = false;
  #isBlind = false;

  /** The latest name; `undefined` before there was one. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Whether it has subscribed to anything, ever. */
  get isSubscriber(): boolean {
    return this.#isSubscriber;
  }

  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#isBlind;) {
      at = this.#wordBytesLeft > 0 ? this.#takeWord(bytes, at) : this.#takeLine(bytes, at);
    }
  }

  #takeWord(bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + this.#wordBytesLeft);
    if (this.#keepsWord) this.#word += bytes.toString('latin1', from, to);
    this.#wordBytesLeft -= to - from;
    if (this.#wordBytesLeft > 0) return to;
    if (this.#words.length < MAX_WORDS) this.#words.push(this.#word.slice(0, -2));
    this.#wordsLeft--;
    if (this.#wordsLeft === 0) this.#learn(this.#words);
    return to;
  }

  #takeLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LINE_FEED, from);
    const to = end === -1 ? bytes.length : end + 1;
    this.#isBlind = this.#line.length + to - from > MAX_LINE_BYTES;
    this.#line += bytes.toString('latin1', from, to);
    if (end === -1 || this.#isBlind) return to;
    this.#begin(this.#line);
    this.#line = '';
    return to;
  }

  /** `*3`: a request of three words; `$5`: a word of five bytes. Anything else is an inline command. */
  #begin(line: string): void {
    const length = Number.parseInt(line.slice(1), 10);
    if (line.startsWith('*') && length > 0) {
      this.#words = [];
      this.#wordsLeft = length;
    } else if (line.startsWith('$') && length >= 0 && this.#wordsLeft > 0) {
      this.#word = '';
      this.#wordBytesLeft = length + 2;
      this.#keepsWord = length <= MAX_WORD_BYTES && this.#words.length < MAX_WORDS;
    }
  }

  #learn([command = '', ...args]: readonly string[]): void {
    if (SUBSCRIBE.test(command)) this.#isSubscriber = true;
    if (/^(client|hello)$/i.test(command)) {
      const at = args.findIndex((word) => /^setname$/i.test(word));
      if (at !== -1) this.#name = args[at + 1];
    }
  }
}
