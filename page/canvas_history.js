// One history of all that changes the canvas: its own starts anew at Clear and at an example.
const PACKAGE = "_stcore/bidi-components/streamlit-drawable-canvas.streamlit_drawable_canvas";
const { default: showCanvas } = await import(new URL(`${PACKAGE}/index.js`, document.baseURI));

const LONGEST_PAST = 100;
const past = [];
const future = [];
let drawing = { objects: [] };
let start; // What Python put on the paper last, as JSON.
let loaded; // What was on the paper when it was loaded last.
let isLoading = false;
let isAsked = false;
let given, send, undo, redo;

export default function (component) {
  const { data, parentElement } = component;
  const isNew = !parentElement.contains(undo);
  const isStarted = JSON.stringify(data.initialDrawing) !== start;
  if (isStarted) {
    ask();
    enter(data.initialDrawing);
    start = JSON.stringify(data.initialDrawing);
  }
  // On another paper a drawing would be cut off.
  if (data.canvasWidth !== given?.data.canvasWidth) past.length = future.length = 0;
  given = component;
  const remove = isStarted || isNew ? load() : show();
  if (isNew) {
    isLoading = false; // A new canvas does not report what it was given.
    takeOver(parentElement);
  }
  enableButtons();
  return () => {
    send = undefined;
    remove();
  };
}

function show() {
  return showCanvas({
    ...given,
    data: { ...given.data, initialDrawing: loaded },
    setStateValue: report,
  });
}

function load() {
  isLoading = true;
  // The number makes it another drawing than the last.
  loaded = { ...drawing, load: (loaded?.load ?? 0) + 1 };
  return show();
}

function report(name, value) {
  isLoading = false;
  for (const stroke of value.raw.objects.slice(drawing.objects.length))
    enter({ ...drawing, objects: [...drawing.objects, stroke] });
  enableButtons();
  if (!isAsked) given.setStateValue(name, value);
}

function enter(next) {
  if (drawing.objects.length || next.objects.length) {
    past.push(drawing);
    past.splice(0, past.length - LONGEST_PAST);
    future.length = 0;
  }
  drawing = next;
}

// Of the last stroke the canvas reports only after a while.
function ask() {
  if (isLoading) return;
  isAsked = true;
  send?.click();
  isAsked = false;
}

function go(from, to) {
  ask();
  if (!from.length) return;
  to.push(drawing);
  drawing = from.pop();
  load();
  enableButtons();
}

function takeOver(parentElement) {
  const button = (label) => parentElement.querySelector(`button[aria-label^="${label}"]`);
  send = button("Update");
  [undo, redo] = [button("Undo"), button("Redo")].map((original) => {
    const copy = original.cloneNode(true); // Without what the canvas does at a click.
    original.replaceWith(copy);
    return copy;
  });
  undo.addEventListener("click", () => go(past, future));
  redo.addEventListener("click", () => go(future, past));
}

function enableButtons() {
  undo.disabled = !past.length;
  redo.disabled = !future.length;
}

document.addEventListener("keydown", (event) => {
  const { key, shiftKey, altKey, target } = event;
  if (!(event.ctrlKey || event.metaKey) || altKey || !undo?.checkVisibility()) return;
  if (target.matches("input, textarea")) return;
  const pressed = `${shiftKey ? "shift " : ""}${key.toLowerCase()}`;
  if (pressed === "z") go(past, future);
  else if (["y", "shift z"].includes(pressed)) go(future, past);
  else return;
  event.preventDefault();
});
