// All points of a fast stroke: the browser merges the moves of a frame into one event, and the
// canvas draws only to where that one ends.
document.addEventListener(
  "pointerdown",
  // A stroke that leaves the canvas keeps its points, too.
  ({ target, pointerId }) => target.matches(".upper-canvas") && target.setPointerCapture(pointerId),
);
document.addEventListener(
  "pointermove",
  (event) => {
    const { target, shiftKey } = event;
    if (!event.isPrimary || !event.buttons || !target.matches(".upper-canvas")) return;
    // Browsers have it over HTTPS and on this machine only.
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const { clientX, clientY } of moves.slice(0, -1))
      target.dispatchEvent(
        new MouseEvent("mousemove", { bubbles: true, clientX, clientY, shiftKey }),
      );
  },
  { capture: true },
);
