// The drawings that make.py makes.

export const SAMPLES = [
  { file: "hot_air_balloon.png", name: "Hot-air balloon" },
  { file: "soccer_ball.png", name: "Soccer ball" },
  { file: "strawberry.png", name: "Strawberry" },
  { file: "analog_clock.png", name: "Clock" },
  { file: "umbrella.png", name: "Umbrella" },
  { file: "candle.png", name: "Candle" },
];
