import { useEffect, useRef } from 'preact/hooks';

interface Props {
  readonly analyser: AnalyserNode | null;
}

/** The wave that is being heard; a flat line while there is none. Draws only while it is playing and in sight. */
export function Scope({ analyser }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const { current } = canvas;
    if (current === null) return;
    draw(current, null);
    if (analyser === null || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const samples = new Float32Array(analyser.fftSize);
    let frame = requestAnimationFrame(function next() {
      analyser.getFloatTimeDomainData(samples);
      draw(current, samples);
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  }, [analyser]);
  return <canvas ref={canvas} class="scope" />;
}

function draw(canvas: HTMLCanvasElement, samples: Float32Array | null): void {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.clearRect(0, 0, width, height);
  context.strokeStyle = getComputedStyle(canvas).color;
  context.lineWidth = 1.5 * devicePixelRatio;
  context.beginPath();
  const middle = height / 2;
  if (samples === null) {
    context.moveTo(0, middle);
    context.lineTo(width, middle);
  } else {
    for (let index = 0; index < samples.length; index++) {
      context.lineTo((index / (samples.length - 1)) * width, middle - (samples[index] as number) * middle * 0.95);
    }
  }
  context.stroke();
}
