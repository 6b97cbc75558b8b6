// Tells the page how wide its column is, for the canvas needs a width in pixels.
export default function ({ parentElement, setStateValue }) {
  let reported;
  const report = () => {
    const width = Math.floor(parentElement.getBoundingClientRect().width);
    if (width > 0 && width !== reported) setStateValue("width", (reported = width));
  };
  let timer;
  const observer = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(report, reported ? 200 : 0);
  });
  observer.observe(parentElement);
  return () => observer.disconnect();
}
