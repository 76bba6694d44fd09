// The expressions in the order of the program's own list, with a colour for each that is told apart in both themes.

export const EXPRESSIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt"];

export const COLOURS = {
  angry: "#d64545", disgust: "#6f9a2d", fear: "#7c63c7", happy: "#e0a100",
  sad: "#3f7fc9", surprise: "#d9678f", neutral: "#8b8a86", contempt: "#3a9c93",
};

export const emojiUrl = (expression, set) =>
  `/emoji/${expression}.png${set ? `?emoji_set=${encodeURIComponent(set)}` : ""}`;
