import "./views/theme.css";
