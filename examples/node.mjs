// Reads the numbers on a picture in Node.
//
//   npm ci --prefix examples --ignore-scripts
//   node examples/node.mjs picture.pgm
//
// The picture is a binary PGM, 8 bits a pixel, as it is: dark on light or light on dark. From any
// other: magick picture.jpg -auto-orient -resize "1024x1024>" -colorspace gray -depth 8 picture.pgm

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { readNumbers } from "./numbers.mjs";

const path = name => fileURLToPath(new URL(`../artifacts/${name}`, import.meta.url));
const open = name => ort.InferenceSession.create(path(name), { intraOpNumThreads: 1 });

function readPgm(file) {
  let position = 2;
  const isOneOf = characters => characters.includes(String.fromCharCode(file[position]));

  function readWhole() {
    for (; isOneOf(" \t\r\n#"); position++) {
      // A comment goes on until its line ends.
      if (isOneOf("#")) while (position < file.length && !isOneOf("\r\n")) position++;
    }
    const start = position;
    while (isOneOf("0123456789")) position++;
    return Number(file.toString("latin1", start, position));
  }

  const [width, height, white] = [readWhole(), readWhole(), readWhole()];
  if (file.toString("latin1", 0, 2) !== "P5" || !width || !height || white !== 255)
    throw new Error("not a binary PGM image with 8 bits a pixel");
  const start = position + 1; // after a single white space
  const end = start + width * height;
  if (file.length < end) throw new Error("the image ends too early");
  return { width, height, luminance: new Uint8Array(file.subarray(start, end)) };
}

const [name] = process.argv.slice(2);
if (!name) throw new Error("which picture? node examples/node.mjs picture.pgm");
const picture = readPgm(await readFile(name));
const description = JSON.parse(await readFile(path("numbers.json")));
const [finder, reader] = [await open("numbers.onnx"), await open("digits.onnx")];
console.log(JSON.stringify(await readNumbers(ort, finder, reader, description, picture)));
