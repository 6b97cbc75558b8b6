import * as ort from "onnxruntime-node";
const s = await ort.InferenceSession.create("artifacts/numbers.onnx");
const t = new ort.Tensor("uint8", new Uint8Array(4000).fill(255), [50,80]);
console.error("run");
const o = await s.run({luminance:t}, process.argv[2] ? process.argv[2].split(",") : undefined);
console.error(o);
