module.exports = {
  output: "export",
  images: {
    loader: "custom",
    loaderFile: "./next-loader.js",
    imageSizes: [320],
    deviceSizes: [640, 960, 1280, 1920],
  },
};
