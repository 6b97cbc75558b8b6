// Reads the numbers on a picture, in Node and in a browser. numbers.onnx finds characters and cuts
// them out, digits.onnx reads the digits among them once more; the rest is what makes numbers of
// them, the same as inference/number/reader.py and lines.py, which say what each constant is for.

const LEAST_LIKELY = 1e-4;
const WEAK_SHARE = 0.6;
const USUAL_HEIGHT = 0.6;
const FAR_GAP = 6.0;
const PLAIN_SHARE = 0.5;
const UNSURE = 0.5;
const BARELY_LOST_GAP = 2.0;
const LOST_HEIGHT = 0.4;

// Shares of the height of digits.
const FACING_SHARE = 0.4;
const SIMILAR_HEIGHT = 0.4;
const LEAST_HEIGHT = 0.45;
const WIDE_GAP = 2.0;
const CLEARLY_WIDER = 3.0;
const SIGN_GAP = 1.2;

const COVERED_SHARE = 0.6;
const NESTED_SHARE = 0.8;

/**
 * Reads every number on a picture, in reading order.
 *
 * @param ort The package: onnxruntime-node or onnxruntime-web.
 * @param finder The session of numbers.onnx.
 * @param reader The session of digits.onnx.
 * @param description The content of numbers.json.
 * @param picture Its `width`, `height` and `luminance`, a Uint8Array, 0 black … 255 white.
 * @returns For each number its `text`, `confidence`, `is_sure` and `box`, as in Python.
 */
export async function readNumbers(ort, finder, reader, description, picture) {
  const { labels, reading } = description;
  const forDigits = reading[isDrawing(picture) ? "drawings" : "photographs"];
  const neededFor = one =>
    one.isDigit ? forDigits.accepted_probability : reading.separator_probability;
  const isAccepted = one => one.probability >= neededFor(one);
  const found = withoutDoubles(await findCharacters(ort, finder, labels, picture));
  const lines = findLines(found.filter(isAccepted));
  const used = new Set(lines.flatMap(line => [...line.characters, ...line.rejected]));
  const unused = found.filter(one => !used.has(one));
  for (const line of lines) {
    line.rejected.push(...near(line, unused));
    line.lostSeparator = lostSeparator(line, unused);
  }
  const digits = lines.flatMap(line => [...line.digits, ...line.rejected]);
  const readings = await readDigits(ort, reader, digits, forDigits.digit_weight);
  for (const line of lines) {
    line.rejected = line.rejected.filter(one => one.isDigit || readings.get(one).alone >= UNSURE);
  }
  return withoutWeak(lines, readings).map(line => {
    const confidence = confidenceOf(line, readings, reading.confidence_weights);
    return {
      text: line.characters.map(one => readings.get(one)?.value ?? one.label).join(""),
      confidence,
      is_sure: confidence >= reading.sure_confidence,
      box: boxAround(line.characters),
    };
  });
}

// Whether the paper has a single level, as drawing programs have it.
function isDrawing({ luminance }) {
  const plain = luminance.reduce((count, level) => count + (level === luminance[0]), 0);
  return plain > PLAIN_SHARE * luminance.length;
}

// --- The two graphs ------------------------------------------------------------------------------

async function findCharacters(ort, finder, labels, { luminance, width, height }) {
  const input = new ort.Tensor("uint8", luminance, [height, width]);
  const { boxes, probabilities, ink } = await finder.run({ luminance: input });
  const [count, ...inkShape] = ink.dims;
  return Array.from({ length: count }, (_, index) => {
    const [left, top, right, bottom] = part(boxes, index);
    const likely = [...part(probabilities, index)];
    const label = labels[likely.indexOf(Math.max(...likely))];
    return {
      left, top, right, bottom,
      width: right - left,
      height: bottom - top,
      x: (left + right) / 2,
      y: (top + bottom) / 2,
      probabilities: likely,
      probability: sum(likely),
      label,
      isDigit: label >= "0" && label <= "9",
      ink: part(ink, index),
      inkShape,
    };
  });
}

// What both graphs say together, a product of experts, how likely each takes that digit, and how sure
// the digit graph is alone.
async function readDigits(ort, reader, digits, weight) {
  if (!digits.length) return new Map();
  const [{ ink, inkShape }] = digits;
  const batch = new Uint8Array(digits.length * ink.length);
  digits.forEach((digit, index) => batch.set(digit.ink, index * ink.length));
  const input = new ort.Tensor("uint8", batch, [digits.length, ...inkShape]);
  const { probabilities } = await reader.run({ ink: input });
  return new Map(digits.map((digit, index) => {
    const read = [...part(probabilities, index)];
    const likely = read.map((probability, value) =>
      Math.exp(log(digit.probabilities[value]) * (1 - weight) + log(probability) * weight)
    );
    const most = Math.max(...likely);
    const value = likely.indexOf(most);
    const finders = digit.probabilities[value] / digit.probability;
    const alone = Math.max(...read);
    return [digit, { value, confidence: most / sum(likely), finders, graphs: read[value], alone }];
  }));
}

// --- From characters to lines --------------------------------------------------------------------

// Takes away what was found twice: in two boxes, of which the smaller is a part of the larger.
function withoutDoubles(found) {
  const kept = [];
  for (const one of found) {
    if (!kept.some(likelier => isDouble(one, likelier))) kept.push(one);
  }
  return kept;
}

function isDouble(one, other) {
  if (one.label !== other.label) return false; // first: a page has thousands of pairs
  if (!isAboutAsHigh(one, other)) return false;
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  const smaller = Math.min(one.width * one.height, other.width * other.height);
  return Math.min(width, height) > 0 && width * height >= NESTED_SHARE * smaller;
}

function findLines(found) {
  const lines = rows(found.filter(one => one.isDigit)).flatMap(row => {
    const { fitting, rejected } = fit(row);
    const parts = split(fitting);
    const gaps = gapsBetween(parts.map(extent)).map(gap => gap / median(fitting.map(heightOf)));
    return parts.map((digits, index) => ({
      ...lineOf(digits, index ? [] : rejected),
      partingGap: Math.min(...gaps.slice(Math.max(index - 1, 0), index + 1)),
    }));
  });
  for (const separator of found.filter(one => !one.isDigit)) {
    const near = lines.filter(line => belongs(line, separator));
    const away = line => distance(nearestTo(separator, line.digits), separator);
    if (near.length) least(near, away).separators.push(separator);
  }
  lines.forEach(addSeparators);
  return inReadingOrder(lines);
}

// Digits that stand beside each other, however far apart; each row from left to right.
function rows(digits) {
  const found = [];
  for (const digit of byNumber(digits, one => one.x)) {
    const near = found.filter(row => isBeside(row.at(-1), digit));
    if (near.length) least(near, row => distance(row.at(-1), digit)).push(digit);
    else found.push([digit]);
  }
  return found;
}

function distance(one, other) {
  return Math.abs(one.y - other.y) + 0.2 * Math.abs(one.x - other.x);
}

function isBeside(one, other) {
  const facing = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  const lower = Math.min(one.height, other.height);
  return isAboutAsHigh(one, other) && facing >= FACING_SHARE * lower;
}

function isAboutAsHigh(one, other) {
  const [lower, higher] = ascending([one.height, other.height]);
  return lower >= SIMILAR_HEIGHT * higher;
}

// Splits the digits of a row into those that fit and those that do not.
function fit(row) {
  const usual = median(row.map(heightOf));
  const fitting = [];
  const rejected = [];
  for (const digit of row) {
    const last = fitting.at(-1);
    if (digit.height < LEAST_HEIGHT * usual) rejected.push(digit);
    else if (!last || !covers(last, digit)) fitting.push(digit);
    else if (digit.probability < last.probability) rejected.push(digit);
    else rejected.push(fitting.splice(-1, 1, digit)[0]);
  }
  return { fitting, rejected };
}

function covers(one, other) {
  const covered = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  return covered >= COVERED_SHARE * Math.min(one.width, other.width);
}

// Splits a row at gaps that clearly differ from the others: two digits alone are one number.
function split(digits) {
  const height = median(digits.map(heightOf));
  const gaps = gapsBetween(digits).map(gap => gap / height);
  const found = [[digits[0]]];
  gaps.forEach((gap, index) => {
    const others = ascending(gaps.filter((_, other) => other !== index));
    const usual = others[(others.length - 1) >> 1];
    if (others.length && gap >= Math.max(WIDE_GAP, CLEARLY_WIDER * usual)) found.push([]);
    found.at(-1).push(digits[index + 1]);
  });
  return found;
}

function lineOf(digits, rejected) {
  const height = median(digits.map(heightOf));
  const y = sum(digits.map(one => one.y)) / digits.length;
  return { characters: digits, digits, rejected, separators: [], height, y };
}

// Whether a separator stands at the height of the digits next to it.
function belongs({ digits, height }, separator) {
  const nearest = nearestTo(separator, digits);
  return nearest.top - height / 4 < separator.y && separator.y < nearest.bottom + height / 2;
}

// Those of a number's separators that stand between its digits, and its minus.
function addSeparators(line) {
  const { digits, separators } = line;
  const signs = separators.filter(one => isSign(line, one));
  line.characters = signs.length ? [least(signs, one => -one.x)] : [];
  digits.forEach((digit, index) => {
    const between = separators.filter(
      one => index && digits[index - 1].x < one.x && one.x < digit.x
    );
    if (between.length) line.characters.push(least(between, one => -one.probability));
    line.characters.push(digit);
  });
}

// Whether it is a minus, and close before the first digit.
function isSign({ digits: [first], height }, one) {
  const isClose = first.left - one.right < SIGN_GAP * height;
  return one.label === "-" && one.x < first.x && isClose;
}

// How likely a separator, or a minus before the number, stands where none was read.
function lostSeparator(line, rejected) {
  const { characters } = line;
  const isBetweenDigits = one =>
    characters.some((left, index) => {
      const right = characters[index + 1];
      return right?.isDigit && left.isDigit && left.x < one.x && one.x < right.x;
    });
  const maySign = one => characters[0].isDigit && isSign(line, one);
  const likely = rejected
    .filter(one => !one.isDigit && belongs(line, one) && (isBetweenDigits(one) || maySign(one)))
    .map(one => one.probability);
  return Math.max(0, ...likely);
}

// From top to bottom, and from left to right what stands beside each other.
function inReadingOrder(lines) {
  const found = [];
  for (const line of byNumber(lines, one => one.y)) {
    const row = found.at(-1);
    const last = row?.at(-1);
    const isBelow = !last || Math.abs(line.y - last.y) >= 0.5 * Math.min(line.height, last.height);
    if (isBelow) found.push([line]);
    else row.push(line);
  }
  return found.flatMap(row => byNumber(row, one => one.characters[0].x));
}

// --- How sure a number is ------------------------------------------------------------------------

// Takes for no numbers what is clearly less likely one than what else is on the picture.
function withoutWeak(lines, readings) {
  const strength = ({ digits }) =>
    sum(digits.map(one => one.probability * readings.get(one).confidence)) / digits.length;
  // The less the lower it is, beside one whose digits are that high.
  const strengthBeside = (line, height) =>
    strength(line) * Math.min(1, line.height / (USUAL_HEIGHT * height));
  const highest = Math.max(...lines.map(line => line.height));
  const likeliest = least(lines, line => -strengthBeside(line, highest));
  const isWeak = line =>
    strengthBeside(line, likeliest.height) < WEAK_SHARE * strength(likeliest);
  // What is taken away is rejected beside the likeliest number.
  for (const line of lines.filter(isWeak)) {
    likeliest.rejected.push(...line.digits, ...line.rejected);
  }
  return lines.filter(line => !isWeak(line));
}

// What may be a lost part: about as high as the line's digits, next to them, and not used.
function near({ digits, height }, unused) {
  const left = digits[0].left - BARELY_LOST_GAP * height;
  const right = digits.at(-1).right + BARELY_LOST_GAP * height;
  return unused.filter(
    one => left < one.x && one.x < right
      && Math.abs(one.y - nearestTo(one, digits).y) < height / 2
      && LOST_HEIGHT < one.height / height && one.height / height < 1 / LOST_HEIGHT
  );
}

// Logistic regression; each feature is 0 where all is clear, and below where not.
function confidenceOf(line, readings, weights) {
  const { characters, digits, rejected, height, partingGap } = line;
  const found = characters.map(one => log(one.probability));
  const shareOf = one =>
    readings.get(one)?.finders ?? Math.max(...one.probabilities) / one.probability;
  const finders = characters.map(one => log(shareOf(one)));
  const graphs = digits.map(one => log(readings.get(one).graphs));
  const gaps = gapsBetween(digits).map(gap => gap / height);
  const features = {
    found: sum(found),
    least_found: Math.min(...found),
    finders: sum(finders),
    least_finders: Math.min(...finders),
    graphs: sum(graphs),
    least_graphs: Math.min(...graphs),
    lost: log(1 - Math.max(0, ...rejected.map(one => one.probability))),
    lost_separator: log(1 - line.lostSeparator),
    gap: -Math.max(0, Math.max(...gaps) - 0.5),
    parting_gap: -Math.max(0, (FAR_GAP - partingGap) / FAR_GAP),
  };
  const weighted = Object.entries(features).map(([name, value]) => weights[name] * value);
  return 1 / (1 + Math.exp(-weights.bias - sum(weighted)));
}

// In whole pixels.
function boxAround(characters) {
  const left = Math.floor(Math.min(...characters.map(one => one.left)));
  const top = Math.floor(Math.min(...characters.map(one => one.top)));
  const right = Math.ceil(Math.max(...characters.map(one => one.right)));
  const bottom = Math.ceil(Math.max(...characters.map(one => one.bottom)));
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

// --- Helpers -------------------------------------------------------------------------------------

const log = probability => Math.log(Math.max(probability, LEAST_LIKELY));
const sum = values => values.reduce((total, value) => total + value, 0);
const part = ({ data, dims: [count] }, index) => {
  const size = data.length / count;
  return data.subarray(index * size, (index + 1) * size);
};
const byNumber = (items, number) => [...items].sort((one, other) => number(one) - number(other));
const ascending = values => byNumber(values, value => value);
const least = (items, number) => byNumber(items, number)[0];
const heightOf = one => one.height;
const extent = digits => ({ left: digits[0].left, right: digits.at(-1).right });
const gapsBetween = digits => digits.slice(1).map((one, index) => one.left - digits[index].right);
const nearestTo = (character, digits) => least(digits, digit => Math.abs(digit.x - character.x));

function median(values) {
  const ordered = ascending(values);
  return (ordered[(values.length - 1) >> 1] + ordered[values.length >> 1]) / 2;
}
