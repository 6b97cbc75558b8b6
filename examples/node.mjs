// Recognizes a digit in Node, without any preprocessing: the graph has it.
//
//   npm ci --prefix examples
//   node examples/node.mjs digit.pgm
//
// The image is a binary PGM, 8 bits a pixel: ink on paper, 255 is full ink and 0 is paper.
// From a black drawing on white: magick digit.png -colorspace gray -negate -depth 8 digit.pgm

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";

const MODEL = new URL("../artifacts/digits.onnx", import.meta.url);

function readPgm(file) {
  const header = file.toString("latin1", 0, 1000).match(/^P5\s+(?:#.*\s+)*(\d+)\s+(\d+)\s+255\s/);
  if (!header) throw new Error("not a binary PGM image with 8 bits a pixel");
  const [width, height] = [Number(header[1]), Number(header[2])];
  const ink = new Uint8Array(file.subarray(header[0].length, header[0].length + width * height));
  return new ort.Tensor("uint8", ink, [1, height, width]);
}

const [path] = process.argv.slice(2);
if (!path) throw new Error("which image? node examples/node.mjs digit.pgm");
const ink = readPgm(await readFile(path));
const model = await ort.InferenceSession.create(fileURLToPath(MODEL), { intraOpNumThreads: 1 });
const probabilities = [...(await model.run({ ink })).probabilities.data];
const confidence = Math.max(...probabilities);
console.log(JSON.stringify({ digit: probabilities.indexOf(confidence), confidence, probabilities }));
