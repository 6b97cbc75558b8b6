// The paper to draw on. Its history has every stroke, and likewise every clearing and example.

const HEIGHT_PX = 280; // all lengths are in pixels of the page, however sharp the screen is
const WIDTHS_PX = [240, 800];
const EXAMPLE_SHARES = [0.85, 0.65]; // of the paper's width and height, as people tend to fill it
const EXAMPLE_PEN_PX = 14;
const MAX_STEPS = 200;

const papers = new WeakMap();

// Streamlit calls this for every run of the page.
export default function ({ data, parentElement, setStateValue }) {
  if (!papers.has(parentElement)) papers.set(parentElement, openPaper(parentElement));
  const paper = papers.get(parentElement);
  paper.send = (drawing) => setStateValue("drawing", drawing);
  paper.showExample(data.example);
  return () => {
    paper.close();
    papers.delete(parentElement);
  };
}

function openPaper(root) {
  const sheet = root.querySelector(".paper");
  const canvas = root.querySelector("canvas");
  const picture = document.createElement("canvas"); // what is read: one pixel to a pixel of the page
  const [undo, redo, clear] = root.querySelectorAll("button");
  const pen = root.querySelector("input");
  const paper = { send: null, showExample, close };

  let steps = [{ width: 0, strokes: [] }];
  let step = 0;
  let stroke = null; // the one that is being drawn
  let shownExample = null;

  function paint(target, sharpness) {
    const { width, strokes } = steps[step];
    target.width = Math.round(width * sharpness);
    target.height = Math.round(HEIGHT_PX * sharpness);
    const context = target.getContext("2d");
    context.scale(sharpness, sharpness);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, HEIGHT_PX);
    context.lineCap = context.lineJoin = "round";
    for (const { path, penWidth } of strokes) {
      context.lineWidth = penWidth;
      context.stroke(path);
    }
  }

  function show() {
    const { width, strokes } = steps[step];
    sheet.style.maxWidth = `${width}px`;
    sheet.toggleAttribute("data-empty", !strokes.length);
    undo.disabled = step === 0;
    redo.disabled = step === steps.length - 1;
    clear.disabled = !strokes.length;
    paint(canvas, devicePixelRatio);
  }

  // An empty paper is as wide as its column; one that is drawn on is scaled with the window.
  function fit() {
    if (steps[step].strokes.length) return;
    const [narrowest, widest] = WIDTHS_PX;
    const width = Math.min(Math.max(Math.floor(root.clientWidth), narrowest), widest);
    if (width !== steps[step].width) steps[step] = { width, strokes: [] };
    show();
  }

  function addStep(strokes) {
    steps = [...steps.slice(0, step + 1), { width: steps[step].width, strokes }].slice(-MAX_STEPS);
    step = steps.length - 1;
  }

  function answer() {
    show();
    fit();
    paint(picture, 1);
    const { length } = steps[step].strokes;
    paper.send({ strokes: length, picture: length ? picture.toDataURL() : "" });
  }

  function goTo(other) {
    if (stroke || !steps[other]) return;
    step = other;
    answer();
  }

  function showExample(example) {
    if (!example || example.id === shownExample) return;
    shownExample = example.id;
    const { width } = steps[step];
    const scale = Math.min(
      (EXAMPLE_SHARES[0] * width) / example.width,
      (EXAMPLE_SHARES[1] * HEIGHT_PX) / example.height,
    );
    const matrix = new DOMMatrix([scale, 0, 0, scale, width / 2, HEIGHT_PX / 2]);
    const strokes = example.paths.map((drawn) => {
      const path = new Path2D();
      path.addPath(new Path2D(drawn), matrix);
      return { path, penWidth: EXAMPLE_PEN_PX };
    });
    addStep(strokes);
    answer();
  }

  function pointOf(event) {
    const box = canvas.getBoundingClientRect();
    const scale = steps[step].width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  canvas.onpointerdown = (event) => {
    if (stroke || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const [x, y] = pointOf(event);
    stroke = { path: new Path2D(), penWidth: Number(pen.value), pointer: event.pointerId };
    Object.assign(stroke, { last: [x, y], isDot: true });
    stroke.path.moveTo(x, y);
    stroke.path.lineTo(x + 0.01, y); // A line without a length would leave no dot.
    addStep([...steps[step].strokes, stroke]);
    show();
  };

  canvas.onpointermove = (event) => {
    if (event.pointerId !== stroke?.pointer) return;
    // A browser joins the moves between two of its frames to one event; each of them is drawn. Some
    // browsers keep them to themselves.
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) {
      const [x, y] = pointOf(move);
      const [lastX, lastY] = stroke.last;
      if (x === lastX && y === lastY) continue;
      if (stroke.isDot) {
        stroke.path = new Path2D();
        stroke.path.moveTo(lastX, lastY);
        stroke.isDot = false;
      }
      stroke.path.quadraticCurveTo(lastX, lastY, (lastX + x) / 2, (lastY + y) / 2);
      stroke.last = [x, y];
    }
    paint(canvas, devicePixelRatio);
  };

  canvas.onpointerup = canvas.onpointercancel = (event) => {
    if (event.pointerId !== stroke?.pointer) return;
    if (!stroke.isDot) stroke.path.lineTo(...stroke.last);
    stroke = null;
    answer();
  };

  undo.onclick = () => goTo(step - 1);
  redo.onclick = () => goTo(step + 1);
  clear.onclick = () => {
    addStep([]);
    answer();
  };
  pen.oninput = () => {
    const words = `${pen.value} px`;
    pen.setAttribute("aria-valuetext", words);
    root.querySelector("output").textContent = words;
  };
  pen.oninput();

  function onKey(event) {
    const isTyped = event.target.matches("textarea, input:not([type=range])");
    const isElsewhere = isTyped || !canvas.getClientRects().length; // in another tab
    if (isElsewhere || event.altKey || !(event.ctrlKey || event.metaKey)) return;
    const key = (event.shiftKey ? "shift+" : "") + event.key.toLowerCase();
    const forward = { z: -1, y: 1, "shift+z": 1 }[key];
    if (!forward) return;
    event.preventDefault();
    goTo(step + forward);
  }
  document.addEventListener("keydown", onKey);

  const observer = new ResizeObserver(fit);
  observer.observe(root);
  fit();

  function close() {
    document.removeEventListener("keydown", onKey);
    observer.disconnect();
  }

  return paper;
}
