// What the timeline knows of its launches: pieces in order of their begin, each a launch or, in a large
// capture, neighbours drawn as one. Columns of numbers, since there may be ten thousand.
const ENDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"; // digits as packed.py writes them
const GOES_ON = "stuvwxyz0123456789!#$%()*+,-./:;=?@[]^_`{|}~";

// Numbers that packed.py wrote as text: a digit that ends a number, or one that another follows.
function unpackNumbers(text) {
  const values = [];
  let value = 0;
  let place = 1;
  for (const letter of text) {
    const end = ENDS.indexOf(letter);
    if (end < 0) {
      value += GOES_ON.indexOf(letter) * place;
      place *= 44;
    } else {
      values.push(value + end * place);
      value = 0;
      place = 1;
    }
  }
  return values;
}
// Moments written as steps from the one before, in a unit.
function addUp(steps, unit = 1) {
  let at = 0;
  return steps.map((step) => (at += step * unit));
}

class Pieces {
  constructor(data, groups) {
    const packed = data.pieces;
    const column = (name) => (typeof packed[name] === "number" ? new Array(packed.size).fill(packed[name]) : unpackNumbers(packed[name]));
    this.size = packed.size;
    this.kinds = packed.kinds;
    this.begin = addUp(unpackNumbers(packed.step), packed.unit);
    this.end = unpackNumbers(packed.length).map((length, i) => this.begin[i] + length * packed.unit);
    this.lane = column("lane");
    this.kind = column("kind");
    this.group = column("group").map((group) => group - 1);
    this.count = column("count");
    this.busy = column("busy").map((grade) => grade / 40);
    this.sets = packed.sets.map((set) => new Set(set));
    this.set = column("set");
    this.wall = data.wall_ns;
    this.groupCount = groups.size;
    this.stretches = data.stretches === null ? null : this.unpackStretches(unpackNumbers(data.stretches));
  }
  unpackStretches(numbers) {
    const found = [];
    for (let at = 0; at < numbers.length; ) {
      const size = numbers[at] >> 1;
      const own = numbers.slice(at + 1, at + 1 + size);
      found.push(numbers[at] % 2 ? this.unpackBits(own) : addUp(own));
      at += size + 1;
    }
    return found;
  }
  unpackBits(digits) {
    return digits.flatMap((digit, i) => [0, 1, 2, 3, 4].filter((bit) => (digit >> bit) & 1).map((bit) => 5 * i + bit));
  }
  // The ranges whose groups are known for sure: any, or whole stretches where launches are merged.
  settle([from, to]) {
    if (!this.stretches) return [Math.round(from), Math.round(to)];
    const count = this.stretches.length;
    const edge = (number) => Math.floor((number * this.wall) / count);
    const first = Math.max(0, Math.min(count - 1, Math.floor((from / this.wall) * count + 1e-9)));
    const last = Math.max(first + 1, Math.min(count, Math.ceil((to / this.wall) * count - 1e-9)));
    return [edge(first), edge(last)];
  }
  // 1 for each group that has a launch which runs in the range.
  groupsIn(from, to) {
    const within = new Uint8Array(this.groupCount);
    if (this.stretches) {
      const count = this.stretches.length;
      this.stretches.forEach((groups, i) => {
        const [begin, end] = [Math.floor((i * this.wall) / count), Math.floor(((i + 1) * this.wall) / count)];
        if (begin < to && end > from) for (const group of groups) within[group] = 1;
      });
      return within;
    }
    for (let i = 0; i < this.size && this.begin[i] < to; i += 1) if (this.end[i] > from && this.group[i] >= 0) within[this.group[i]] = 1;
    return within;
  }
  // The pieces that run in a part of the window, in order.
  between(from, to) {
    const found = [];
    for (let i = 0; i < this.size && this.begin[i] < to; i += 1) if (this.end[i] > from) found.push(i);
    return found;
  }
  launchesIn(from, to) {
    return this.between(from, to).reduce((sum, i) => sum + this.count[i], 0);
  }
  nearest(lane, at, slack) {
    let best = -1;
    let least = slack;
    for (let i = 0; i < this.size && this.begin[i] - slack <= at; i += 1) {
      if (this.lane[i] !== lane) continue;
      const far = Math.max(this.begin[i] - at, at - this.end[i], 0);
      if (far < least || (far === least && best < 0)) [best, least] = [i, far];
    }
    return best;
  }
}

// The longest idle pieces with their causes.
class Gaps {
  constructor(data) {
    this.causes = data.causes;
    this.textures = data.textures;
    this.begin = addUp(unpackNumbers(data.step));
    this.length = unpackNumbers(data.length);
    this.cause = unpackNumbers(data.cause);
  }
  at(moment, slack) {
    return this.begin.findIndex((begin, i) => begin - slack <= moment && moment <= begin + this.length[i] + slack);
  }
}
