// Instead of the webjar's script of this name, which shows an example.
window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: new URL("../v3/api-docs", location.href).pathname,
    dom_id: "#swagger-ui",
    deepLinking: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    layout: "StandaloneLayout",
    validatorUrl: "", // no description leaves the browser
  });
};
